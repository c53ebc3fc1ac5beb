import { type Provider, rows, secretField } from "../provider.ts";

export const commerceProviders: readonly Provider[] = rows("commerce", {
  id: "shopify",
  name: "Shopify",
  kind: "hmac-body",
  scheme: { type: "hmac", headers: ["X-Shopify-Hmac-Sha256", "shopify-hmac-sha256"], encoding: "base64" },
  config: [{ ...secretField, label: "Client secret of the app" }],
  eventType: "header:X-Shopify-Topic, header:shopify-topic",
  deliveryId: "header:X-Shopify-Webhook-Id, header:shopify-webhook-id",
  confidence: "sdk",
  source: "@shopify/shopify-api@13.1.0: webhooks.validate",
});
