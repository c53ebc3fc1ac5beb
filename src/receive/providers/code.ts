import { type Provider, rows, secretField } from "../provider.ts";

/** Code hosting and infrastructure. */
export const codeProviders: readonly Provider[] = rows("code", {
  id: "github",
  name: "GitHub",
  kind: "hmac-body",
  scheme: { type: "hmac", headers: ["X-Hub-Signature-256"], format: { kind: "prefix", prefix: "sha256=" } },
  config: [{ ...secretField, isRequired: false, label: "Webhook secret" }],
  eventType: "header:X-GitHub-Event + $.action",
  deliveryId: "header:X-GitHub-Delivery",
  confidence: "sdk",
  source: "@octokit/webhooks-methods@6.0.0",
});
