import { type Provider, rows } from "../provider.ts";

export const paymentProviders: readonly Provider[] = rows("payments", {
  id: "stripe",
  name: "Stripe",
  kind: "hmac-timestamp-body",
  scheme: {
    type: "hmac",
    headers: ["Stripe-Signature"],
    format: { kind: "pairs", signature: "v1", time: "t" },
    signedString: "{ts}.{body}",
    time: { pair: true, unit: "s", past: 300, future: 300 },
  },
  eventType: "$.type",
  deliveryId: "$.id",
  confidence: "sdk",
  source: "stripe@23.1.0: webhooks",
});
