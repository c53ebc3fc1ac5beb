/** Kinds of the settings for notices, and the rule that they must follow together. */
import { isMailAddress } from "../core/mail-address.ts";
import { parseSmtpUrl, type SmtpServer } from "../core/smtp-url.ts";
import { type Kind, stringOnly } from "./kinds.ts";

export const mailAddress: Kind<string> = {
  label: "address",
  expected: "an e-mail address such as ops@example.com",
  parse: (text) => (isMailAddress(text) ? text : null),
  fromToml: stringOnly,
};

export const smtpUrl: Kind<SmtpServer> = {
  label: "secret",
  expected:
    "a URL such as smtp://user:password@mail.example.com:587?starttls=required or smtps://user:password@mail.example.com, with special characters percent-encoded; starttls is required, optional or off",
  parse: parseSmtpUrl,
  fromToml: stringOnly,
};

/** A URL to which messages are posted. Its path is a secret. */
export const incomingWebhook: Kind<string> = {
  label: "secret",
  expected: "an https:// or http:// URL without user name and password",
  parse(text) {
    if (!/^https?:\/\/\S+$/i.test(text)) return null;
    const url = URL.parse(text);
    return url === null || url.username !== "" || url.password !== "" ? null : url.href;
  },
  fromToml: stringOnly,
};

/** Returns why the settings for mail do not work together, or null. */
export function mailProblem(settings: {
  readonly notifyMail: readonly string[];
  readonly notifyFrom: string | null;
  readonly smtpUrl: SmtpServer | null;
}): string | null {
  const { notifyMail, notifyFrom, smtpUrl: server } = settings;
  const set = { "notify-mail": notifyMail.length > 0, "notify-from": notifyFrom !== null, "smtp-url": server !== null };
  const missing = Object.entries(set).flatMap(([name, isSet]) => (isSet ? [] : [name]));
  if (missing.length === 0 || missing.length === 3) return null;
  const given = Object.keys(set).filter((name) => !missing.includes(name));
  return `The settings for notices by mail are incomplete: ${missing.join(" and ")} ${missing.length === 1 ? "is" : "are"} missing. Set all three, or remove ${given.join(" and ")}.`;
}
