import { type Provider, rows, secretField } from "../provider.ts";
import { webhookHeaders } from "../schemes/standard-webhooks.ts";

/** Types of a source for senders without a row of their own. */
export const genericProviders: readonly Provider[] = rows(
  "generic",
  {
    id: "generic-webhook",
    name: "Any sender, not verified",
    kind: "none",
    scheme: { type: "none" },
    config: [],
    methods: null,
    confidence: "docs",
    source: "Boathook",
    state: "unattempted",
  },
  {
    id: "generic-hmac",
    name: "Any sender with an HMAC",
    kind: "hmac-body",
    scheme: { type: "generic-hmac", headers: [] },
    config: [
      secretField,
      { name: "header", isRequired: true, isSecret: false, label: "Signature header", form: "header-name" },
      { name: "algorithm", isRequired: false, isSecret: false, label: "Hash algorithm", form: "algorithm" },
      { name: "encoding", isRequired: false, isSecret: false, label: "Signature encoding", form: "encoding" },
      { name: "prefix", isRequired: false, isSecret: false, label: "Text before the signature", form: "text" },
      { name: "signedString", isRequired: false, isSecret: false, label: "Signed string", form: "signed-string" },
      { name: "secretEncoding", isRequired: false, isSecret: false, label: "Secret encoding", form: "secret-encoding" },
      { name: "timestampHeader", isRequired: false, isSecret: false, label: "Time header", form: "header-name" },
    ],
    methods: null,
    confidence: "docs",
    source: "Boathook",
  },
  {
    id: "standard-webhooks",
    name: "Standard Webhooks (any adopter)",
    kind: "standard-webhooks",
    scheme: { type: "standard-webhooks", names: [webhookHeaders] },
    config: [{ ...secretField, form: "standard-webhooks" }],
    headers: ["webhook-id", "webhook-timestamp", "webhook-signature"],
    methods: null,
    eventType: "$.type",
    deliveryId: "header:webhook-id",
    confidence: "sdk",
    source: "standardwebhooks@1.1.1 and the specification",
  },
);
