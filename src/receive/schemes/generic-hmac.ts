import type { Encoding } from "./bytes.ts";
import { type HmacParameters, prepareHmac } from "./hmac.ts";
import { configText, type PreparedScheme, type SourceConfig } from "./scheme.ts";
import type { SecretForm } from "./secret.ts";
import type { Algorithm } from "./signature-format.ts";
import { parseTemplate } from "./template.ts";

/** An HMAC whose rules stand in the configuration of the source. */
export interface GenericHmacParameters {
  readonly type: "generic-hmac";
  /** The header of the signature unless the configuration names another. */
  readonly headers: readonly string[];
  /** The signed string if the configuration names a header with the time. Default: `{body}`. */
  readonly timedString?: string;
}

const WINDOW_SECONDS = 300;

export function prepareGenericHmac(parameters: GenericHmacParameters, config: SourceConfig): PreparedScheme {
  return prepareHmac(hmacParameters(parameters, config), config);
}

function hmacParameters({ headers, timedString }: GenericHmacParameters, config: SourceConfig): HmacParameters {
  const header = configText(config, "header");
  const prefix = configText(config, "prefix");
  const timeHeader = configText(config, "timestampHeader");
  const signedString =
    configText(config, "signedString") ?? (timeHeader === null ? "{body}" : (timedString ?? "{body}"));
  return {
    type: "hmac",
    headers: header === null ? headers : [header],
    format: prefix === null ? { kind: "bare" } : { kind: "prefix", prefix },
    algorithm: algorithmOf(configText(config, "algorithm") ?? "sha256") ?? "sha256",
    encoding: (configText(config, "encoding")?.toLowerCase() ?? "hex") as Encoding,
    signedString,
    secret: (configText(config, "secretEncoding")?.toLowerCase() ?? "utf8") as SecretForm,
    ...(timeHeader !== null && {
      time: { header: timeHeader, unit: "auto", past: WINDOW_SECONDS, future: WINDOW_SECONDS },
    }),
  };
}

/** Returns the algorithm that a text such as `sha256`, `SHA-256` or `HMAC-SHA256` names, or null. */
export function algorithmOf(text: string): Algorithm | null {
  const name = text
    .toLowerCase()
    .replace(/^hmac-?/, "")
    .replace("-", "");
  return name === "sha1" || name === "sha256" || name === "sha384" || name === "sha512" ? name : null;
}

/** Returns whether a source with this configuration checks a signature over the body. */
export function coversBody(config: SourceConfig): boolean {
  const signedString = configText(config, "signedString");
  return signedString === null || parseTemplate(signedString).coversBody;
}
