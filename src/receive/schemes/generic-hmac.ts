import { prepareHmac } from "./hmac.ts";
import type { HmacParameters } from "./hmac-parameters.ts";
import { configText, type PreparedScheme, type SourceConfig } from "./scheme.ts";
import type { Algorithm } from "./signature-format.ts";
import { parseTemplate } from "./template.ts";

/** An HMAC whose rules are in the configuration of the source. */
export interface GenericHmacParameters {
  readonly type: "generic-hmac";
  /** The header of the signature unless the configuration names another. */
  readonly headers: readonly string[];
  /**
   * Set for a provider whose signed string is `{body}`, or this if the configuration names a header
   * with the time. Then the configuration can change nothing but the names of the headers.
   */
  readonly timedString?: string;
}

const WINDOW_SECONDS = 300;

export function prepareGenericHmac(parameters: GenericHmacParameters, config: SourceConfig): PreparedScheme {
  return prepareHmac(hmacParameters(parameters, config), config);
}

function hmacParameters({ headers, timedString }: GenericHmacParameters, config: SourceConfig): HmacParameters {
  const header = configText(config, "header");
  const timeHeader = configText(config, "timestampHeader");
  return {
    type: "hmac",
    headers: header === null ? headers : [header],
    ...(timeHeader !== null && {
      time: { header: timeHeader, unit: "auto", past: WINDOW_SECONDS, future: WINDOW_SECONDS },
    }),
    ...(timedString === undefined
      ? freeParameters(config)
      : { signedString: timeHeader === null ? "{body}" : timedString }),
  };
}

/** Returns what only a sender without a row of its own can configure. */
function freeParameters(config: SourceConfig): Partial<HmacParameters> {
  const prefix = configText(config, "prefix");
  const encoding = configText(config, "encoding")?.toLowerCase();
  const secret = configText(config, "secretEncoding")?.toLowerCase();
  return {
    format: prefix === null ? { kind: "bare" } : { kind: "prefix", prefix },
    algorithm: algorithmOf(configText(config, "algorithm") ?? "sha256") ?? "sha256",
    encoding: encoding === "base64" || encoding === "base64url" ? encoding : "hex",
    secret: secret === "hex" || secret === "base64" ? secret : "utf8",
    signedString: configText(config, "signedString") ?? "{body}",
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
