import type { Provider } from "../../../src/api/types.ts";

/** How the fields of a source's `config` are entered. */

export type ConfigField = Provider["config"][number];
export type ConfigValues = Readonly<Record<string, string>>;
export type SourceConfig = Readonly<Record<string, unknown>>;

export interface Control {
  readonly kind: "text" | "secret" | "lines" | "block" | "json" | "number" | "choice";
  readonly placeholder?: string;
  readonly help?: string;
  readonly choices?: readonly string[];
}

const CONTROLS: Readonly<Record<string, Control>> = {
  secrets: { kind: "lines", help: "One per line. All of them are tried." },
  toleranceSeconds: { kind: "number" },
  timestampGraceSeconds: { kind: "number" },
  prefetch: { kind: "number" },
  publicKey: { kind: "block" },
  certificate: { kind: "block", placeholder: "-----BEGIN CERTIFICATE-----" },
  ca: { kind: "block", placeholder: "-----BEGIN CERTIFICATE-----" },
  jwk: { kind: "json" },
  jwks: { kind: "json", placeholder: '{"keys": []}' },
  algorithm: { kind: "choice", choices: ["sha1", "sha256", "sha384", "sha512"], help: "sha256 if not chosen." },
  encoding: { kind: "choice", choices: ["hex", "base64", "base64url"], help: "hex if not chosen." },
  secretEncoding: { kind: "choice", choices: ["utf8", "hex", "base64"], help: "utf8 if not chosen." },
  scheme: { kind: "choice", choices: ["basic", "bearer"] },
  header: { kind: "text", placeholder: "X-Signature" },
  prefix: { kind: "text", placeholder: "sha256=", help: "The text in front of the signature in its header." },
  signedString: {
    kind: "text",
    placeholder: "{body}",
    help: "The text that is signed, with {body}, {ts}, {method}, {url}, {path} or {header:Name}. {body} if empty.",
  },
  timestampHeader: { kind: "text", placeholder: "X-Timestamp", help: "Needed if the signed text contains {ts}." },
  schedule: {
    kind: "text",
    placeholder: "*/15 * * * *",
    help: "Minute, hour, day of the month, month, day of the week. “0 9 * * 1-5” is 9:00 from Monday to Friday.",
  },
  payload: { kind: "block", placeholder: '{"run": true}' },
  contentType: { kind: "text", placeholder: "application/json" },
  timezone: { kind: "text", placeholder: "Europe/Berlin" },
  url: { kind: "text", placeholder: "https://" },
};

/** The URL of a queue. */
const QUEUE: Control = {
  kind: "text",
  help: "User and password are percent-encoded. The password is encrypted and shown as ***.",
};

/** A private key, which has several lines. */
const PRIVATE_KEY: Control = { kind: "block", placeholder: "-----BEGIN PRIVATE KEY-----" };

export function controlOf(field: ConfigField): Control {
  if (field.name === "url" && field.required) return QUEUE;
  if (field.name === "key" && field.secret) return PRIVATE_KEY;
  return CONTROLS[field.name] ?? { kind: field.secret ? "secret" : "text" };
}

/** Fields that most providers have and few users need. */
const RARE: ReadonlySet<string> = new Set(["secrets", "toleranceSeconds", "url"]);

export function isRare({ name, required }: ConfigField): boolean {
  return RARE.has(name) && !required;
}

/** Stands in responses for a value that is not shown. */
const SET = "[set]";

/** Returns whether a secret is stored, which the page cannot show. */
export function isSet(stored: SourceConfig, name: string): boolean {
  const value = stored[name];
  return value === SET || (Array.isArray(value) && value.includes(SET));
}

/** Returns the texts in the controls for a stored configuration. Secrets are empty. */
export function valuesOf(fields: readonly ConfigField[], stored: SourceConfig): ConfigValues {
  const shown = fields.filter(({ name }) => stored[name] !== undefined && !isSet(stored, name));
  return Object.fromEntries(shown.map(({ name }) => [name, textOf(stored[name])]));
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value, null, 2);
}

/**
 * Returns the configuration to send: the fields whose text is not the one from before. An emptied
 * field is null, which removes it.
 */
export function changedConfig(
  fields: readonly ConfigField[],
  before: ConfigValues,
  values: ConfigValues,
): SourceConfig {
  const changed = fields.filter(({ name }) => (values[name] ?? "") !== (before[name] ?? ""));
  return Object.fromEntries(changed.map((field) => [field.name, valueToSend(field, values[field.name] ?? "")]));
}

/** Returns the value of a text. A text that does not parse is sent as it is, so that the API explains it. */
function valueToSend(field: ConfigField, text: string): unknown {
  if (text.trim() === "") return null;
  switch (controlOf(field).kind) {
    case "number":
      return /^\s*\d+\s*$/.test(text) ? Number(text) : text;
    case "lines":
      return text
        .split("\n")
        .map((line) => line.trim())
        .filter((line) => line !== "");
    case "json":
      return parsed(text);
    default:
      return text;
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Returns the providers whose name, id or alias contains every word; those whose name begins with the text come first. */
export function searchProviders(providers: readonly Provider[], text: string): readonly Provider[] {
  const wanted = text.trim().toLowerCase();
  const words = wanted.split(/\s+/).filter((word) => word !== "");
  const found = providers.filter(({ id, name, aliases }) => {
    const searched = [id, name, ...aliases].join(" ").toLowerCase();
    return words.every((word) => searched.includes(word));
  });
  const isFirst = ({ id, name }: Provider) => (name.toLowerCase().startsWith(wanted) || id.startsWith(wanted) ? 0 : 1);
  return found.sort((a, b) => isFirst(a) - isFirst(b) || a.name.localeCompare(b.name));
}
