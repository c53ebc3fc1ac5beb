import { type Provider, type ProviderRow, rows, secretCalled } from "../../provider.ts";
import { svixHeaders, webhookHeaders } from "../../schemes/standard-webhooks.ts";

/**
 * Senders that sign as Standard Webhooks says, often through Svix. The headers have the names of
 * either.
 */
export const adopters: readonly Provider[] = [
  ...rows(
    "code",
    adopter("incident-io", "incident.io", "registry", "webhook-co/webhook, webhooks-spec; the list of Svix"),
    adopter("gemini", "Google Gemini", "registry", "webhook-co/webhook, webhooks-spec", ["google-gemini"]),
    adopter("recall-ai", "Recall.ai", "registry", "trigger.dev, webhook-sources", ["recall"]),
  ),
  ...rows(
    "commerce",
    adopter("etsy", "Etsy", "registry", "webhook-co/webhook, webhooks-spec"),
    adopter("taskrabbit", "TaskRabbit", "registry", "Standard Webhooks, list of adopters"),
    adopter("guesty", "Guesty", "registry", "the list of Svix"),
    adopter("nash", "Nash", "registry", "the list of Svix"),
    adopter("tolt", "Tolt", "docs", "docs.tolt.com: verify"),
  ),
  ...rows(
    "identity",
    adopter("vanta", "Vanta", "registry", "webhook-co/webhook, webhooks-spec"),
    adopter("stytch", "Stytch", "registry", "webhook-co/webhook, webhooks-spec; the list of Svix", ["stych"]),
    adopter("drata", "Drata", "registry", "Standard Webhooks, list of adopters"),
    adopter("safebase", "SafeBase", "registry", "the list of Svix"),
    adopter("sardine", "Sardine", "registry", "the list of Svix"),
  ),
  ...rows(
    "messaging",
    adopter("loops", "Loops", "registry", "webhook-co/webhook, webhooks-spec; trigger.dev, webhook-sources"),
    adopter("beehiiv", "beehiiv", "registry", "the list of Svix"),
    adopter("ahasend", "AhaSend", "docs", "ahasend.com: security and verification"),
  ),
  ...rows(
    "payments",
    adopter("increase", "Increase", "registry", "webhook-co/webhook, webhooks-spec"),
    adopter("pleo", "Pleo", "registry", "the list of Svix"),
    adopter("psi-fi", "PsiFi", "registry", "the list of Svix"),
    adopter("mercury", "Mercury", "registry", "trigger.dev, webhook-sources"),
    adopter("orkestapay", "OrkestaPay", "docs", "docs.orkestapay.com: message verification"),
  ),
  ...rows(
    "work",
    adopter("make", "Make", "docs", "developers.make.com: verify signatures"),
    adopter("signatureapi", "SignatureAPI", "docs", "signatureapi.com: verify webhook signatures"),
  ),
];

function adopter(
  id: string,
  name: string,
  confidence: Provider["confidence"],
  source: string,
  aliases: readonly string[] = [],
): ProviderRow {
  return {
    ...{ id, name, aliases, confidence, source },
    kind: "standard-webhooks",
    scheme: { type: "standard-webhooks", names: [webhookHeaders, svixHeaders] },
    config: secretCalled("Signing secret (whsec_…)", "standard-webhooks"),
    eventType: "$.type, $.event_type, $.eventType, $.event",
    deliveryId: "header:webhook-id, header:svix-id",
  };
}
