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
);
