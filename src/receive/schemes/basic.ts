import { decodeBase64, isEqualSecret } from "./bytes.ts";
import { configText, failed, type PreparedScheme, passed, type SourceConfig, secretsOf } from "./scheme.ts";

/** HTTP Basic authentication with `user:password`, or optionally a bearer token. */
export interface BasicParameters {
  readonly type: "basic";
  readonly headers: readonly ["Authorization"];
  /** Whether a bearer token is allowed. The field `scheme` of the configuration can demand one. */
  readonly allowsBearer?: boolean;
}

const BASIC = /^basic +(\S+) *$/i;
const BEARER = /^bearer +(\S.*)$/i;

export function prepareBasic({ allowsBearer = false }: BasicParameters, config: SourceConfig): PreparedScheme {
  const secrets = secretsOf(config);
  const expected = secrets.map((text) => Buffer.from(text));
  const scheme = configText(config, "scheme")?.toLowerCase() ?? null;
  const isBearerAllowed = allowsBearer && scheme !== "basic";
  const isBasicAllowed = !(allowsBearer && scheme === "bearer");
  const [first] = secrets;
  const isBearer = isBearerAllowed && (scheme === "bearer" || !first?.includes(":"));
  return {
    secretHeaders: ["authorization"],
    check: (request) => {
      const value = request.header("authorization");
      if (value === null || value === "") return failed("missing_signature");
      const sent =
        (isBasicAllowed ? basicIn(value) : null) ?? (isBearerAllowed ? (BEARER.exec(value)?.[1] ?? null) : null);
      if (sent === null) return failed("malformed_signature");
      const bytes = Buffer.from(sent);
      return expected.some((secret) => isEqualSecret(bytes, secret)) ? passed : failed("token_mismatch");
    },
    sign:
      first === undefined
        ? null
        : (request) => ({
            ...request,
            headers: {
              ...request.headers,
              Authorization: isBearer ? `Bearer ${first}` : `Basic ${Buffer.from(first).toString("base64")}`,
            },
          }),
  };
}

/** Returns the bytes of `user:password`, or null if the value is not of that scheme. */
function basicIn(value: string): Uint8Array | null {
  const base64 = BASIC.exec(value)?.[1];
  return base64 === undefined ? null : decodeBase64(base64);
}
