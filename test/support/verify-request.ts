import { Webhook } from "standardwebhooks";
import type { Received } from "./receiver.ts";

/** Throws unless a request is signed with the secret. */
export function verifyRequest({ body, headers }: Pick<Received, "body" | "headers">, secret: string): void {
  new Webhook(secret).verify(body.toString(), Object.fromEntries(headers));
}
