/** Requests for access tokens with the client credentials grant (RFC 6749, 4.4), and their responses. */
import { createPrivateKey, randomUUID, sign } from "node:crypto";
import { basicAuthorization, type OAuth2Auth } from "./endpoint-auth.ts";
import { signJwt } from "./jwt.ts";
import { isPrivateKey } from "./pem.ts";

/** A token is renewed this long before it expires, so that it is still valid when it arrives. */
export const renewalMarginMs = 30_000;
/** Validity of a token if the response does not state it. */
const VALIDITY_MS_DEFAULT = 300_000;
const TOKEN = /^[\x21-\x7e]+$/;
/** Our own limit: receivers refuse requests with longer headers, and thousands of tokens are remembered. */
const TOKEN_CHARS_MAX = 16 * 1024;
/** The error codes of RFC 6749, 5.2. Other texts from a token endpoint are not shown. */
const ERROR_CODES: ReadonlySet<unknown> = new Set([
  "invalid_request",
  "invalid_client",
  "invalid_grant",
  "unauthorized_client",
  "unsupported_grant_type",
  "invalid_scope",
]);

export interface TokenRequest {
  readonly headers: ReadonlyArray<readonly [name: string, value: string]>;
  readonly body: Uint8Array;
}

/** Returns the request for a new access token. */
export function tokenRequest(auth: OAuth2Auth, userAgent: string, nowMs: number): TokenRequest {
  const { clientId, clientSecret, scope, clientAuth = "basic", extraParams = {}, extraHeaders = {} } = auth;
  const form = new URLSearchParams({ grant_type: "client_credentials", ...extraParams });
  if (scope !== undefined) form.set("scope", scope);
  const headers: [string, string][] = [
    ["Content-Type", "application/x-www-form-urlencoded"],
    ["Accept", "application/json"],
    ["Accept-Encoding", "identity"],
    ["User-Agent", userAgent],
    ...Object.entries(extraHeaders),
  ];
  if (clientAuth === "basic") {
    headers.push(["Authorization", basicAuthorization(formEncoded(clientId), formEncoded(clientSecret))]);
  } else {
    form.set("client_id", clientId);
    if (clientAuth === "body") {
      form.set("client_secret", clientSecret);
    } else {
      form.set("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
      form.set("client_assertion", clientAssertion(auth, nowMs));
    }
  }
  return { headers, body: Buffer.from(form.toString(), "utf8") };
}

const ASSERTION_SECONDS_DEFAULT = 300;

/** Returns a signed statement of who the client is (RFC 7523, 3). */
function clientAssertion(auth: OAuth2Auth, nowMs: number): string {
  const { clientId, clientSecret, tokenUrl, keyId, assertionSeconds = ASSERTION_SECONDS_DEFAULT } = auth;
  const key = isPrivateKey(clientSecret) ? createPrivateKey(clientSecret) : null;
  const alg = key === null ? "HS256" : key.asymmetricKeyType === "rsa" ? "RS256" : "ES256";
  const now = Math.floor(nowMs / 1000);
  const claims = {
    ...{ iss: clientId, sub: clientId, aud: tokenUrl, jti: randomUUID() },
    ...{ iat: now, exp: now + assertionSeconds },
  };
  const header = { alg, typ: "JWT", ...(keyId !== undefined && { kid: keyId }) };
  const unsigned = `${base64url(header)}.${base64url(claims)}`;
  if (key === null) return signJwt(unsigned, clientSecret);
  const signature = sign("sha256", Buffer.from(unsigned), { key, dsaEncoding: "ieee-p1363" });
  return `${unsigned}.${signature.toString("base64url")}`;
}

function base64url(value: object): string {
  return Buffer.from(JSON.stringify(value), "utf8").toString("base64url");
}

/** Encodes the client's id and secret before Basic, as RFC 6749, 2.3.1 requires. */
function formEncoded(text: string): string {
  return new URLSearchParams([["", text]]).toString().slice(1);
}

/** An access token, or a sentence that says why there is none. It never contains the response. */
export type TokenResult = { readonly token: string; readonly validForMs: number } | { readonly problem: string };

/** Reads the response of a token endpoint. */
export function tokenOf(status: number, body: Uint8Array): TokenResult {
  const fields = jsonObject(body);
  if (status >= 300 && status < 400) {
    return { problem: `The token endpoint responded with ${status}. Redirects are not followed.` };
  }
  if (status < 200 || status >= 300) {
    const code = ERROR_CODES.has(fields?.error) ? ` (${fields?.error})` : "";
    return { problem: `The token endpoint responded with ${status}${code}.` };
  }
  if (fields === null) return { problem: "The response of the token endpoint is not a JSON object." };
  const { access_token: token, token_type: type = "Bearer", expires_in: expiresIn } = fields;
  if (typeof token !== "string" || !TOKEN.test(token)) {
    return { problem: "The response of the token endpoint contains no valid access_token." };
  }
  if (token.length > TOKEN_CHARS_MAX) {
    return { problem: `The access_token is longer than ${TOKEN_CHARS_MAX} characters.` };
  }
  if (typeof type !== "string" || type.toLowerCase() !== "bearer") {
    return { problem: "The token endpoint issued a token of another type than Bearer." };
  }
  return { token, validForMs: validityMs(expiresIn) };
}

/** Some token endpoints send the number as text. */
function validityMs(expiresIn: unknown): number {
  const seconds = typeof expiresIn === "string" && expiresIn.trim() !== "" ? Number(expiresIn) : expiresIn;
  return typeof seconds === "number" && seconds >= 0 ? seconds * 1000 : VALIDITY_MS_DEFAULT;
}

function jsonObject(body: Uint8Array): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(Buffer.from(body).toString("utf8"));
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}
