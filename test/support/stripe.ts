import { createHmac } from "node:crypto";
import type { OpenedSource } from "./door-world.ts";

/** The secret of Stripe sources in tests. */
export const STRIPE_SECRET = "whsec_test-only-secret";

/** Returns the header with which Stripe signs a body. */
export function stripeSignature(
  body: string | Uint8Array,
  { secret = STRIPE_SECRET, at = Date.now() } = {},
): { readonly "stripe-signature": string } {
  const timestamp = Math.floor(at / 1000);
  const mac = createHmac("sha256", secret).update(`${timestamp}.`).update(body).digest("hex");
  return { "stripe-signature": `t=${timestamp},v1=${mac}` };
}

let events = 0;

/** Returns the body of a Stripe event with an id that no other test uses. */
export function stripeEvent(fields: object = {}): string {
  return JSON.stringify({ id: `evt_${process.pid}_${++events}`, type: "invoice.paid", ...fields });
}

/** Sends a body as Stripe does. */
export function postStripe(
  source: Pick<OpenedSource, "url">,
  body: string | Uint8Array<ArrayBuffer> = stripeEvent(),
  headers: Readonly<Record<string, string>> = {},
): Promise<Response> {
  const all = { "content-type": "application/json", ...stripeSignature(body), ...headers };
  return fetch(source.url, { method: "POST", body, headers: all });
}
