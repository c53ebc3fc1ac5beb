import { type Provider, rows } from "../provider.ts";

/** Tools for work: chat, planning, documents, support. */
export const workProviders: readonly Provider[] = rows("work", {
  id: "slack",
  name: "Slack",
  kind: "hmac-timestamp-body",
  scheme: {
    type: "hmac",
    headers: ["X-Slack-Signature"],
    format: { kind: "prefix", prefix: "v0=" },
    signedString: "v0:{ts}:{body}",
    time: { header: "X-Slack-Request-Timestamp", unit: "s", past: 300, future: 300 },
  },
  eventType: "$.event.type, $.type",
  deliveryId: "$.event_id",
  handshake: ["slack-url-verification"],
  confidence: "sdk",
  source: "@slack/bolt@5.1.0: verify-request",
});
