import { createHash, createHmac, randomUUID } from "node:crypto";
import type { ExampleRequest } from "../receiver.ts";
import type { JwtParameters } from "./jwt-parameters.ts";

const LIFE_SECONDS = 60;

/** Returns a copy of a request with a token that is signed with the secret. */
export function signJwt(
  { algorithms: [algorithm], prefix = "", bodyHash, bodyHashEncoding = "hex", urlHash, issuers }: JwtParameters,
  { secret, name }: { readonly secret: string; readonly name: string },
  request: ExampleRequest,
  { url, now }: { readonly url: string; readonly now: number },
): ExampleRequest {
  const iat = Math.trunc(now);
  const claims = {
    ...{ iat, nbf: iat, exp: iat + LIFE_SECONDS, jti: randomUUID() },
    ...(issuers !== undefined && { iss: issuers[0] }),
    ...(urlHash !== undefined && { [urlHash]: sha256(url).toString("hex") }),
    ...(bodyHash !== undefined && { [bodyHash]: sha256(request.body).toString(bodyHashEncoding) }),
  };
  const signed = `${encoded({ alg: algorithm, typ: "JWT" })}.${encoded(claims)}`;
  const signature = createHmac(`sha${algorithm!.slice(2)}`, secret)
    .update(signed)
    .digest("base64url");
  return { ...request, headers: { ...request.headers, [name]: `${prefix}${signed}.${signature}` } };
}

function encoded(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

function sha256(content: string | Uint8Array): Buffer {
  return createHash("sha256").update(content).digest();
}
