import { createHmac } from "node:crypto";

export function part(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

/** A JWT as the Svix server makes them, whatever stands in it. */
export function signJwt(claims: object, secret: string, header: object = { alg: "HS256", typ: "JWT" }): string {
  return signJwtText(JSON.stringify(claims), secret, header);
}

/** The same with claims that are JSON text already: they can hold numbers that `JSON.stringify` never writes. */
export function signJwtText(claims: string, secret: string, header: object = { alg: "HS256", typ: "JWT" }): string {
  const head = `${part(header)}.${Buffer.from(claims).toString("base64url")}`;
  return `${head}.${createHmac("sha256", secret).update(head).digest("base64url")}`;
}
