import { adyen, braintree, dropboxSign, mailgun, mercadoPago, transloadit } from "./field-rules.ts";
import type { Rule } from "./rule.ts";
import { contentful, hubspot, mandrill, plivo, twilio } from "./url-rules.ts";

/** The rules by the names that the provider table uses. */
export const rules = {
  adyen,
  braintree,
  contentful,
  "dropbox-sign": dropboxSign,
  hubspot,
  mailgun,
  mandrill,
  "mercado-pago": mercadoPago,
  plivo,
  transloadit,
  twilio,
} as const satisfies Readonly<Record<string, Rule>>;

export type RuleName = keyof typeof rules;
