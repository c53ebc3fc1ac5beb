/** Kinds of the settings for logins at an identity provider. */
import { type AdminRule, adminRuleText, isIssuerUrl, parseAdminRule } from "../core/oidc.ts";
import type { Kind } from "./kinds.ts";

const stringOnly = (value: unknown) => (typeof value === "string" ? value : null);
const CLIENT_ID_CHARS_MAX = 256;

export const issuerUrl: Kind<string> = {
  label: "url",
  expected:
    "an https:// URL without user, query and fragment, such as https://accounts.example.com, or an http:// URL of this machine",
  parse: (text) => (isIssuerUrl(text) ? text : null),
  fromToml: stringOnly,
};

export const clientId: Kind<string> = {
  label: "text",
  expected: `1 to ${CLIENT_ID_CHARS_MAX} visible ASCII characters`,
  parse: (text) => (text.length <= CLIENT_ID_CHARS_MAX && /^[\x21-\x7e]+$/.test(text) ? text : null),
  fromToml: stringOnly,
};

/** Who may log in. */
export const adminRule: Kind<AdminRule> = {
  label: "admin",
  expected: "an e-mail address, *@ and a domain, or group: and a name",
  parse: parseAdminRule,
  fromToml: stringOnly,
  format: adminRuleText,
};
