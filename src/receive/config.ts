import { prefetchMax } from "../core/broker.ts";
import type { Finding } from "../core/problem.ts";
import { MASK, maskPassword, passwordOf, unmaskedUrl } from "../core/url-password.ts";
import { formOf, formProblem } from "./config-form.ts";
import type { ConfigField, ConfigForm, Provider } from "./provider.ts";
import { configText, type SourceConfig, secretsOf } from "./schemes/scheme.ts";
import { parseTemplate } from "./schemes/template.ts";

/** Stands in responses for a value that is not shown, and in requests for the value that is stored. */
export const setMark = "[set]";

const SECRETS_MAX = 10;

/** Forms whose values are numbers: what is valid, and the sentence that tells what is expected. */
const NUMBERS: Partial<Record<ConfigForm, { readonly min: number; readonly max: number; readonly what: string }>> = {
  // A year. Longer windows are the same as none.
  seconds: { min: 0, max: 31_536_000, what: "a whole number of seconds" },
  prefetch: { min: 1, max: prefetchMax, what: "a whole number" },
};

const SECRETS: ConfigField = {
  name: "secrets",
  isRequired: false,
  isSecret: true,
  label: "Several secrets at once, while they are rotated",
  form: "text",
};

const TOLERANCE: ConfigField = {
  name: "toleranceSeconds",
  isRequired: false,
  isSecret: false,
  label: "Greatest difference of the clocks in seconds; 0 means that the time is not checked",
  form: "seconds",
};

const URL_FIELD: ConfigField = {
  name: "url",
  isRequired: false,
  isSecret: false,
  label: "URL as registered with the provider, if it is not the URL of the source",
  form: "url",
};

/** Returns every field that a source of this provider may have in its `config`. */
export function configFieldsOf(provider: Provider): readonly ConfigField[] {
  const fields = [...provider.config];
  const secret = fields.findIndex(({ name }) => name === "secret");
  if (secret >= 0) fields.splice(secret + 1, 0, { ...SECRETS, form: fields[secret]!.form });
  // The URL of a queue is a field of its provider.
  const url = fields.some(({ name }) => name === URL_FIELD.name) ? [] : [URL_FIELD];
  return [...fields, ...(hasClock(provider) ? [TOLERANCE] : []), ...url];
}

function hasClock({ scheme }: Provider): boolean {
  if (scheme.type === "standard-webhooks" || scheme.type === "generic-hmac") return true;
  return "time" in scheme && scheme.time !== undefined;
}

/**
 * Returns what is wrong with a configuration. Unknown fields are ignored. With `verification: off`
 * only the URL of a queue is required, but a value that is present must be valid.
 */
export function checkConfig(
  provider: Provider,
  config: SourceConfig,
  verification: "enforce" | "record" | "off",
): readonly Finding[] {
  const findings: Finding[] = [];
  for (const field of configFieldsOf(provider)) {
    const value = fieldValue(config, field.name);
    if (value !== null) findings.push(...checkValue(provider, config, field, value));
    else if (isNeeded(field, config, verification)) {
      findings.push(finding([field.name], `Required: ${field.label}.`));
    }
  }
  if (provider.scheme.type === "generic-hmac") findings.push(...checkTimePlace(config));
  return findings;
}

/** Returns whether a field must have a value. Without the URL of its queue, a source can take nothing. */
function isNeeded(field: ConfigField, config: SourceConfig, verification: "enforce" | "record" | "off"): boolean {
  if (!field.isRequired || (field.name === "secret" && hasSecret(config))) return false;
  return verification !== "off" || isQueueUrl(field);
}

/** Returns the value of a field; null if it is missing or empty. */
function fieldValue(config: SourceConfig, name: string): unknown {
  const value = Object.hasOwn(config, name) ? config[name] : undefined;
  return value === undefined || value === "" ? null : value;
}

function hasSecret(config: SourceConfig): boolean {
  return secretsOf(config).length > 0;
}

function checkValue(provider: Provider, config: SourceConfig, field: ConfigField, value: unknown): readonly Finding[] {
  if (field.name === "secrets") return checkSecrets(provider, config, field, value);
  const number = NUMBERS[field.form];
  if (number !== undefined) return checkNumber(field.name, number, value);
  const problem = valueProblem(provider, config, field, value);
  return problem === null ? [] : [finding([field.name], problem)];
}

function valueProblem({ scheme }: Provider, config: SourceConfig, field: ConfigField, value: unknown): string | null {
  if (value === setMark) return "No value is stored that could be kept. Send the value.";
  if (isQueueUrl(field) && typeof value === "string" && passwordOf(value) === MASK) {
    return `The password \`${MASK}\` keeps the stored one only if user and host are unchanged. Send the password.`;
  }
  return formProblem(formOf(field, scheme, config), value);
}

function checkSecrets(provider: Provider, config: SourceConfig, field: ConfigField, value: unknown): Finding[] {
  if (!Array.isArray(value) || value.length === 0 || value.length > SECRETS_MAX) {
    return [finding(["secrets"], `Must be a list of 1 to ${SECRETS_MAX} secrets.`)];
  }
  return value.flatMap((item: unknown, index) => {
    const problem = item === "" ? "Must not be empty." : valueProblem(provider, config, field, item);
    return problem === null ? [] : [finding(["secrets", String(index)], problem)];
  });
}

function checkNumber(
  name: string,
  { min, max, what }: { readonly min: number; readonly max: number; readonly what: string },
  value: unknown,
): Finding[] {
  if (Number.isInteger(value) && (value as number) >= min && (value as number) <= max) return [];
  return [finding([name], `Must be ${what} from ${min} to ${max}.`)];
}

/** A signed string with a time needs the header in which the time stands. */
function checkTimePlace(config: SourceConfig): Finding[] {
  const signedString = configText(config, "signedString");
  if (signedString === null || configText(config, "timestampHeader") !== null) return [];
  if (!parseTemplate(signedString).needsTime) return [];
  return [finding(["timestampHeader"], "Required, because `signedString` contains {ts}.")];
}

function finding(path: readonly string[], msg: string): Finding {
  return { loc: ["body", "config", ...path], msg, type: "value_error" };
}

/** Returns whether a field is the URL of a queue, whose password is a secret. */
function isQueueUrl({ form }: ConfigField): boolean {
  return form.endsWith("-url");
}

/** Returns a configuration as responses show it: secrets read `[set]`, and passwords in URLs of queues `***`. */
export function maskedConfig(provider: Provider, config: SourceConfig): SourceConfig {
  const secret = new Set(configFieldsOf(provider).flatMap(({ name, isSecret }) => (isSecret ? [name] : [])));
  // These names hold secrets for other types, so they are never shown.
  for (const name of ["secret", "secrets", "secondaryKey", "verifyToken", "verifyCode"]) secret.add(name);
  const isUrl = (name: string) => provider.config.some((field) => field.name === name && isQueueUrl(field));
  return Object.fromEntries(
    Object.entries(config).map(([name, value]) => {
      if (isUrl(name) && typeof value === "string") return [name, maskPassword(value)];
      if (!secret.has(name) || value === null) return [name, value];
      return [name, Array.isArray(value) ? value.map(() => setMark) : setMark];
    }),
  );
}

/**
 * Returns the configuration after a PUT. `[set]`, and the password `***` in the URL of the same queue,
 * keep what is stored; all else is replaced.
 */
export function replacedConfig(stored: SourceConfig, sent: SourceConfig): SourceConfig {
  const fields = Object.entries(sent).filter(([, value]) => value !== null && value !== undefined);
  return Object.fromEntries(fields.map(([name, value]) => [name, kept(ownValue(stored, name), value)]));
}

/** Returns the configuration after a PATCH: merged by field. Null removes a field, `[set]` keeps it. */
export function patchedConfig(stored: SourceConfig, sent: SourceConfig): SourceConfig {
  const removed = new Set(Object.keys(sent).filter((name) => sent[name] === null));
  const rest = Object.entries(stored).filter(([name]) => !removed.has(name));
  return { ...Object.fromEntries(rest), ...replacedConfig(stored, sent) };
}

function ownValue(config: SourceConfig, name: string): unknown {
  return Object.hasOwn(config, name) ? config[name] : undefined;
}

function kept(stored: unknown, sent: unknown): unknown {
  if (sent === setMark) return stored ?? sent;
  if (typeof sent === "string" && typeof stored === "string") return unmaskedUrl(sent, stored) ?? sent;
  return Array.isArray(sent) ? keptItems(Array.isArray(stored) ? stored : [], sent) : sent;
}

/**
 * Lists of the same length correspond item by item. Otherwise the marks stand for the stored items
 * in order, so that a new secret can be put in front of the old ones.
 */
function keptItems(stored: readonly unknown[], sent: readonly unknown[]): unknown[] {
  let next = 0;
  return sent.map((item, index) => {
    if (item !== setMark) return item;
    return stored[stored.length === sent.length ? index : next++] ?? item;
  });
}
