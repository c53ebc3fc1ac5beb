import { createHash, createHmac, createSecretKey, type KeyObject, timingSafeEqual, verify } from "node:crypto";
import type { Cause, Check, ExampleRequest, FetchedKey, KeyRequest } from "../receiver.ts";
import type { RequestView } from "../request-view.ts";
import { decodeBase64, type Encoding, encodes } from "./bytes.ts";
import { jsonObject } from "./envelope.ts";
import { jwkSet } from "./jwk.ts";
import type { JwtAlgorithm, JwtParameters } from "./jwt-parameters.ts";
import { signJwt } from "./jwt-sign.ts";
import {
  configText,
  failed,
  type PreparedScheme,
  passed,
  type SourceConfig,
  secretsOf,
  toleranceOf,
} from "./scheme.ts";
import { outside, type Window } from "./time.ts";

const TOKEN_CHARS_MAX = 8192;
const COMPACT = /^([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]*)\.([A-Za-z0-9_-]*)$/;
/** Key ids become a part of requests to the provider. */
const KEY_ID = /^[A-Za-z0-9._~=-]{1,128}$/;
const PLAID_KEYS = "https://production.plaid.com/webhook_verification_key/get";

type Claims = Readonly<Record<string, unknown>>;

interface Token {
  readonly algorithm: JwtAlgorithm;
  readonly keyId: string | null;
  readonly signed: string;
  readonly signature: Buffer;
  readonly claims: Claims;
}

/** Finds the keys that may have signed a token. */
type FindKeys = (token: Token, fetched: FetchedKey | undefined) => readonly KeyObject[] | KeyRequest | Cause;

export function prepareJwt(parameters: JwtParameters, config: SourceConfig): PreparedScheme {
  const { time } = parameters;
  const name = parameters.headers[0].toLowerCase();
  const prefix = parameters.prefix?.toLowerCase() ?? "";
  const findKeys = keyFinder(parameters, config);
  const window = toleranceOf(config, time?.past ?? Infinity, time?.future ?? Infinity);
  const check = (request: RequestView, now: number, fetched?: FetchedKey): Check => {
    const value = request.header(name);
    if (value === null || value === "") return failed("missing_signature");
    const token = readToken(value, prefix, parameters.algorithms);
    if (typeof token === "string") return failed(token);
    const keys = findKeys(token, fetched);
    if (typeof keys === "string") return failed(keys);
    if ("url" in keys) return { kind: "needs-key", key: keys };
    if (!keys.some((key) => isSigned(token, key))) return failed("signature_mismatch");
    const cause =
      timeCause(parameters, token.claims, now, window) ?? claimCause(parameters, config, token.claims, request);
    return cause === null ? passed : failed(cause);
  };
  return { secretHeaders: [], check, sign: signerOf(parameters, config, name) };
}

function signerOf(parameters: JwtParameters, config: SourceConfig, name: string): PreparedScheme["sign"] {
  const [secret] = secretsOf(config);
  if (parameters.key.from !== "secret" || secret === undefined) return null;
  return (request: ExampleRequest, url: string, now: number) =>
    signJwt(parameters, { secret, name }, request, { url, now });
}

/** Returns the token in a header, or the cause of the failure. */
function readToken(value: string, prefix: string, algorithms: readonly JwtAlgorithm[]): Token | Cause {
  if (value.length > TOKEN_CHARS_MAX) return "malformed_signature";
  const hasPrefix = value.slice(0, prefix.length).toLowerCase() === prefix;
  const [, head = "", payload = "", signatureText = ""] = COMPACT.exec(value.slice(prefix.length).trim()) ?? [];
  const header = hasPrefix ? jsonObject(decodeBase64(head)) : null;
  if (header === null) return "malformed_signature";
  const algorithm = algorithms.find((name) => name === header.alg);
  if (algorithm === undefined) return "algorithm_not_allowed";
  const [claims, signature] = [jsonObject(decodeBase64(payload)), decodeBase64(signatureText)];
  // An extension that must be understood is not understood (RFC 7515, 4.1.11).
  if (claims === null || signature === null || header.crit !== undefined) return "malformed_signature";
  const keyId = typeof header.kid === "string" ? header.kid : null;
  return { algorithm, keyId, signed: `${head}.${payload}`, signature, claims };
}

function keyFinder({ key, algorithms }: JwtParameters, config: SourceConfig): FindKeys {
  if (key.from === "secret") {
    const keys = secretsOf(config).map((text) => createSecretKey(Buffer.from(text)));
    return () => keys;
  }
  const [algorithm] = algorithms;
  const pinned = jwkSet(config[key.from === "plaid" ? "jwk" : "jwks"], algorithm!);
  if (pinned !== null) return (token) => pinned.find(token.keyId) ?? "unknown_key";
  let latest: { readonly text: string; readonly find: (id: string | null) => readonly KeyObject[] | null } | null =
    null;
  return (token, fetched) => {
    const { keyId } = token;
    if (keyId === null || !KEY_ID.test(keyId)) return "unknown_key";
    if (fetched === undefined) return keyRequest(key, config, keyId);
    if (latest?.text !== fetched)
      latest = { text: fetched, find: (id) => documentKeys(fetched, algorithm!)?.find(id) ?? null };
    return latest.find(keyId) ?? "unknown_key";
  };
}

function documentKeys(text: string, algorithm: JwtAlgorithm) {
  return jwkSet(jsonObject(Buffer.from(text)), algorithm);
}

/** The credentials of Plaid are `client_id:secret`. */
function keyRequest(key: JwtParameters["key"], config: SourceConfig, keyId: string): KeyRequest | Cause {
  if (key.from === "jwks") return { url: key.url, kind: "jwks", keyId };
  const [credentials = ""] = secretsOf(config);
  const colon = credentials.indexOf(":");
  if (colon < 1) return "unknown_key";
  const [client_id, secret] = [credentials.slice(0, colon), credentials.slice(colon + 1)];
  return { url: PLAID_KEYS, kind: "jwks", keyId, post: JSON.stringify({ client_id, secret, key_id: keyId }) };
}

function isSigned({ algorithm, signed, signature }: Token, key: KeyObject): boolean {
  if (algorithm.startsWith("HS")) {
    if (key.type !== "secret") return false;
    const digest = createHmac(`sha${algorithm.slice(2)}`, key)
      .update(signed)
      .digest();
    return signature.length === digest.length && timingSafeEqual(signature, digest);
  }
  try {
    const options = algorithm === "ES256" ? { key, dsaEncoding: "ieee-p1363" as const } : key;
    return verify("sha256", Buffer.from(signed), options, signature);
  } catch {
    return false;
  }
}

function timeCause({ time }: JwtParameters, claims: Claims, now: number, window: Window): Cause | null {
  if (time === undefined) return null;
  if (time.claim === "iat") {
    if (window.past === Infinity && window.future === Infinity) return null;
    return isTime(claims.iat) ? outside(claims.iat, now, window) : "missing_timestamp";
  }
  const { exp, nbf, iat } = claims;
  if (!isTime(exp)) return "missing_timestamp";
  if (now - exp > window.past) return "timestamp_too_old";
  return [nbf, iat].some((from) => isTime(from) && from - now > window.future) ? "timestamp_in_future" : null;
}

function isTime(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value);
}

function claimCause(
  parameters: JwtParameters,
  config: SourceConfig,
  claims: Claims,
  request: RequestView,
): Cause | null {
  const {
    issuers,
    bodyHash,
    bodyHashEncoding = "hex",
    urlHash,
    hasAudience = false,
    isHashOptional = false,
  } = parameters;
  if (issuers !== undefined && !issuers.some((issuer) => issuer === claims.iss)) return "claim_mismatch";
  if (hasAudience && !isForUs(config, claims, request)) return "claim_mismatch";
  if (urlHash !== undefined && !isHashOf(claims[urlHash], "hex", request.url)) return "claim_mismatch";
  if (bodyHash === undefined || isHashOf(claims[bodyHash], bodyHashEncoding, request.body)) return null;
  return isHashOptional && claims[bodyHash] === undefined && request.body.length === 0 ? null : "body_hash_mismatch";
}

function isForUs(config: SourceConfig, claims: Claims, request: RequestView): boolean {
  const registered = configText(config, "audience") ?? request.url.slice(0, request.url.length - request.query.length);
  if (claims.aud !== registered) return false;
  return claims.email_verified === true && claims.email === configText(config, "email");
}

function isHashOf(claim: unknown, encoding: Encoding, content: string | Uint8Array): boolean {
  return typeof claim === "string" && encodes(claim, encoding, createHash("sha256").update(content).digest());
}
