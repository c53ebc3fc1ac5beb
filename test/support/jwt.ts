import { createHmac } from "node:crypto";

export function part(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

/** Returns a JWT in the form that the Svix server uses, with any claims. */
export function signJwt(claims: object, secret: string, header: object = { alg: "HS256", typ: "JWT" }): string {
  return signJwtText(JSON.stringify(claims), secret, header);
}

/**
 * Returns a JWT with claims given as JSON text, which can contain numbers that `JSON.stringify`
 * never writes.
 */
export function signJwtText(claims: string, secret: string, header: object = { alg: "HS256", typ: "JWT" }): string {
  const head = `${part(header)}.${Buffer.from(claims).toString("base64url")}`;
  return `${head}.${createHmac("sha256", secret).update(head).digest("base64url")}`;
}
