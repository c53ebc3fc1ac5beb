import { createHash } from "node:crypto";
import type { RequestView } from "../request-view.ts";
import { decodeBase64 } from "./bytes.ts";
import { isSignedBy, publicKeyFrom } from "./public-key.ts";
import { configText, failed, type PreparedScheme, passed, type SourceConfig, toleranceOf } from "./scheme.ts";
import { outside, type Window } from "./time.ts";

/**
 * HTTP signatures as in draft-cavage-http-signatures-12 with Ed25519. The header names the parts that
 * are signed: the request target, headers, and the digest of the body, which must be among them. The
 * public key is the field `publicKey` of the configuration, in hexadecimal.
 */
export interface HttpSignatureParameters {
  readonly type: "http-signature";
  readonly headers: readonly [string];
  /** The window for the header `Date`. */
  readonly time: Window;
}

const HEADER_CHARS_MAX = 8192;
const PARTS_MAX = 16;
const PARAMETER = /(?:^|,)\s*([a-z]+)="([^"]*)"/gi;

export function prepareHttpSignature(parameters: HttpSignatureParameters, config: SourceConfig): PreparedScheme {
  const key = publicKeyFrom(configText(config, "publicKey") ?? "", "hex", "ed25519");
  const window = toleranceOf(config, parameters.time.past, parameters.time.future);
  const name = parameters.headers[0].toLowerCase();
  return {
    secretHeaders: [],
    sign: null,
    check: (request, nowSeconds) => {
      const value = request.header(name);
      if (value === null || value === "") return failed("missing_signature");
      const { signature, headers, algorithm } = parametersIn(value);
      if (algorithm !== undefined && algorithm !== "ed25519") return failed("algorithm_not_allowed");
      const bytes = decodeBase64(signature ?? "");
      const parts = (headers ?? "").toLowerCase().split(" ");
      if (bytes === null || parts.length > PARTS_MAX || !parts.includes("digest")) return failed("malformed_signature");
      const lines = parts.map((part) => lineOf(part, request));
      if (lines.includes(null)) return failed("missing_signature");
      if (key === null || !isSignedBy(key, "ed25519", [lines.join("\n")], bytes)) return failed("signature_mismatch");
      const cause = checkDate(request, nowSeconds, window);
      return cause === null ? passed : failed(cause);
    },
  };
}

function parametersIn(value: string): Readonly<Record<string, string>> {
  if (value.length > HEADER_CHARS_MAX) return {};
  return Object.fromEntries([...value.matchAll(PARAMETER)].map(([, name, text]) => [name!.toLowerCase(), text!]));
}

/** The host and the target are those of the registered URL, because a proxy may have changed them. */
function lineOf(part: string, request: RequestView): string | null {
  if (part === "digest") return `digest: sha-256=${createHash("sha256").update(request.body).digest("base64")}`;
  const url = URL.parse(request.url);
  if (part === "(request-target)" && url !== null) {
    return `(request-target): ${request.method.toLowerCase()} ${url.pathname}${url.search}`;
  }
  const value = part === "host" ? (url?.host ?? null) : request.header(part);
  return value === null ? null : `${part}: ${value}`;
}

function checkDate(request: RequestView, nowSeconds: number, window: Window) {
  if (window.past === Infinity && window.future === Infinity) return null;
  const ms = Date.parse(request.header("date") ?? "");
  return Number.isNaN(ms) ? ("missing_timestamp" as const) : outside(ms / 1000, nowSeconds, window);
}
