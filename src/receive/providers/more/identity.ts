import { optional, type Provider, rows, secretCalled } from "../../provider.ts";

/** Further services for identity. */
export const moreIdentityProviders: readonly Provider[] = rows(
  "identity",
  {
    id: "veriff",
    name: "Veriff",
    kind: "hmac-body",
    scheme: { type: "hmac", headers: ["X-HMAC-Signature", "VRF-HMAC-Signature"] },
    config: secretCalled("Shared secret key of the integration"),
    eventType: "$.action, $.status",
    confidence: "docs",
    source: "devdocs.veriff.com: HMAC authentication and endpoint security",
  },
  {
    id: "vgs",
    name: "VGS",
    kind: "none",
    scheme: { type: "none" },
    config: optional(secretCalled("Secret of the webhook")),
    eventType: "$.event_type, $.type",
    confidence: "memory",
    source: "Its signature is not known; requests are not checked",
    state: "unattempted",
  },
  {
    id: "kinde",
    name: "Kinde",
    kind: "jwt",
    scheme: {
      type: "jws-body",
      jwksPath: "/.well-known/jwks.json",
      claims: ["event_id", "type"],
      time: { past: 300, future: 300 },
    },
    config: [
      {
        name: "issuer",
        isRequired: true,
        isSecret: false,
        label: "URL of the Kinde domain, such as https://example.kinde.com",
        form: "url",
      },
      {
        name: "jwks",
        isRequired: false,
        isSecret: false,
        label: "Keys to use instead of a fetch (JWKS)",
        form: "jwks",
      },
    ],
    eventType: "claim:$.type",
    deliveryId: "claim:$.event_id",
    confidence: "sdk",
    source: "@kinde/webhooks@1.0.0: decodeWebhook",
  },
);
