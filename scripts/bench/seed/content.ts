import type { NewMessage } from "../../../src/store/index.ts";
import type { Customer } from "./customers.ts";

/** What messages and attempts of the seeded data contain. */

/** The headers of a failed attempt. */
export const HEADERS = {
  request: [
    { name: "content-type", value: "application/json" },
    { name: "webhook-id", value: "msg_0KfxFXFUH4hEMq0Y8gpRxcT2bSr" },
    { name: "webhook-signature", value: "v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=" },
  ],
  response: [{ name: "content-type", value: "text/plain" }],
};

/** `size` is 1 for a payload of a usual length. */
export function payloadOf(n: number, size: number): Uint8Array {
  const lines = Array.from({ length: 4 * size }, (_, i) => ({ sku: `sku-${(n * 7 + i) % 5000}`, quantity: i + 1 }));
  return Buffer.from(JSON.stringify({ id: `obj_${n}`, amount: (n * 37) % 100_000, currency: "eur", lines }));
}

export function receivedBy({ source }: Customer, n: number): NewMessage["received"] {
  if (source === null) return null;
  return {
    source: source.uid!,
    sourceSeq: source.seq,
    method: "POST",
    path: "/",
    state: n % 50 === 0 ? "failed" : "verified",
    cause: n % 50 === 0 ? "signature_mismatch" : null,
    redacted: [],
    reply: null,
  };
}
