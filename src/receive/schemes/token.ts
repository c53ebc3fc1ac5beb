import type { RequestView } from "../request-view.ts";
import { isEqualSecret } from "./bytes.ts";
import { configText, failed, type PreparedScheme, passed, type SourceConfig, secretsOf } from "./scheme.ts";

/** A header that equals the secret. */
export interface TokenParameters {
  readonly type: "token";
  /** The header, unless the field `header` of the configuration names another. */
  readonly headers: readonly string[];
  /** A text before the secret, such as `Bearer `. */
  readonly prefix?: string;
  /** The field of the configuration that holds the secret. Default: `secret`. */
  readonly field?: string;
}

export function prepareToken(parameters: TokenParameters, config: SourceConfig): PreparedScheme {
  const { headers, prefix = "", field = "secret" } = parameters;
  const texts = field === "secret" ? secretsOf(config) : [configText(config, field)].filter((text) => text !== null);
  const secrets = texts.map((text) => prefix + text);
  const expected = secrets.map((text) => Buffer.from(text));
  const name = (configText(config, "header") ?? headers[0] ?? "authorization").toLowerCase();
  const [first] = secrets;
  return {
    secretHeaders: [name],
    check: (request) => {
      const value = request.header(name);
      if (value === null || value === "") return failed("missing_signature");
      return isToken(value, expected) ? passed : failed("token_mismatch");
    },
    sign: first === undefined ? null : (request) => ({ ...request, headers: { ...request.headers, [name]: first } }),
  };
}

/** The server decodes headers as Latin-1, so a secret in UTF-8 arrives with its bytes as characters. */
function isToken(value: string, expected: readonly Uint8Array[]): boolean {
  const texts = [Buffer.from(value), Buffer.from(value, "latin1")];
  return expected.some((secret) => texts.some((text) => isEqualSecret(text, secret)));
}

/** A field of the JSON body that equals the secret. */
export interface BodyTokenParameters {
  readonly type: "body-token";
  /** The field with the token. */
  readonly field: string;
  /** The field of the body with a list of objects, each of which must have the token. */
  readonly list?: string;
}

export function prepareBodyToken({ field, list }: BodyTokenParameters, config: SourceConfig): PreparedScheme {
  const expected = secretsOf(config).map((text) => Buffer.from(text));
  const [first] = secretsOf(config);
  return {
    secretHeaders: [],
    check: (request) => {
      const holders = holdersIn(request, list);
      const tokens = holders.map((holder) => fieldOf(holder, field));
      if (tokens.length === 0 || tokens.some((token) => typeof token !== "string")) return failed("missing_signature");
      const isRight = tokens.every((token) =>
        expected.some((secret) => isEqualSecret(Buffer.from(token as string), secret)),
      );
      return isRight ? passed : failed("token_mismatch");
    },
    sign:
      first === undefined ? null : (request) => ({ ...request, body: withToken(request.body, { field, list }, first) }),
  };
}

function holdersIn(request: RequestView, list: string | undefined): readonly unknown[] {
  if (list === undefined) return [request.json()];
  const items = fieldOf(request.json(), list);
  return Array.isArray(items) ? items : [];
}

function fieldOf(value: unknown, name: string): unknown {
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) return undefined;
  return (value as Record<string, unknown>)[name];
}

function withToken(
  body: Uint8Array,
  { field, list }: { field: string; list: string | undefined },
  token: string,
): Uint8Array {
  const json = JSON.parse(Buffer.from(body).toString()) as Record<string, unknown>;
  const items = list === undefined ? [json] : ((json[list] ?? []) as Record<string, unknown>[]);
  for (const item of items) item[field] = token;
  return Buffer.from(JSON.stringify(json));
}
