/** The words of the provider table as sentences for people. */
import type { Confidence, Kind } from "../../receive/provider.ts";
import type { PassedState } from "../../receive/receiver.ts";

export const kindTexts: Readonly<Record<Kind, string>> = {
  "hmac-body": "HMAC over the body",
  "hmac-timestamp-body": "HMAC over a time and the body",
  "hmac-url-body": "HMAC over the URL and the body",
  "hmac-fields": "HMAC over fields of the request",
  "standard-webhooks": "Standard Webhooks: signature over id, time and body",
  "hook-secret-handshake": "HMAC over the body, with a secret from the provider's first request",
  "static-token": "Shared token in the request",
  basic: "User name and password, or a bearer token",
  "body-token": "Shared token in the body",
  ed25519: "Ed25519 signature",
  ecdsa: "ECDSA signature",
  rsa: "RSA signature",
  "rsa-cert": "RSA signature with a certificate of the provider",
  jwt: "Signed token (JWT)",
  none: "None",
};

export const stateTexts: Readonly<Record<PassedState, { readonly word: string; readonly text: string }>> = {
  verified: { word: "verified", text: "A signature covers the body." },
  authenticated: { word: "authenticated", text: "A secret proves the sender, but does not cover the whole body." },
  unattempted: { word: "unattempted", text: "Nothing is checked. Anyone who knows the URL can send." },
};

export const confidenceTexts: Readonly<Record<Confidence, string>> = {
  sdk: "High: tested against the provider's own package.",
  docs: "High: read in the provider's own documents.",
  "memory+": "Medium: known, and another implementation agrees.",
  registry: "Medium: read in another registry only.",
  memory: "Low: not confirmed. Try it with a test event of the provider.",
};
