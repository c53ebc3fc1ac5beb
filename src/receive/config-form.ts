import { createPublicKey, X509Certificate } from "node:crypto";
import { parseSqsUrl } from "../core/aws-url.ts";
import { pemCharsMax } from "../core/pem.ts";
import { parseAmqpQueueUrl, parseKafkaQueueUrl, parseNatsQueueUrl } from "../core/queue-url.ts";
import type { ConfigField, ConfigForm } from "./provider.ts";
import { decodeBase64, decodeHex } from "./schemes/bytes.ts";
import { algorithmOf } from "./schemes/generic-hmac.ts";
import type { Scheme } from "./schemes/index.ts";
import { configText, type SourceConfig } from "./schemes/scheme.ts";
import { keyOf } from "./schemes/secret.ts";
import { publicKeyOf } from "./schemes/standard-webhooks.ts";
import { unknownPlaces } from "./schemes/template.ts";

const TEXT_CHARS_MAX = 16_384;
const HEADER_NAME = /^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,256}$/;
const ED25519_BYTES = 32;
const SIGNED_STRING_CHARS_MAX = 1024;

/** Returns the form of a field. The secret of a generic HMAC has the encoding that another field names. */
export function formOf({ name, form }: ConfigField, scheme: Scheme, config: SourceConfig): ConfigForm {
  const isSecret = name === "secret" || name === "secrets";
  if (isSecret && scheme.type === "basic" && configText(config, "scheme")?.toLowerCase() === "basic") {
    return "user-password";
  }
  // A secret in a header cannot contain a line break.
  if (isSecret && (scheme.type === "token" || scheme.type === "basic") && form === "text") return "header-value";
  if (!isSecret || scheme.type !== "generic-hmac") return form;
  const encoding = configText(config, "secretEncoding")?.toLowerCase();
  return encoding === "hex" || encoding === "base64" ? encoding : form;
}

/** Returns what a valid value looks like if this one is not, else null. */
export function formProblem(form: ConfigForm, value: unknown): string | null {
  if (form === "jwk") return isJwk(value) ? null : "Must be a public key as a JSON Web Key (an object with `kty`).";
  if (form === "jwks") return isJwks(value) ? null : 'Must be a JSON Web Key Set: {"keys": […]}.';
  if (typeof value !== "string") return "Must be a string.";
  const charsMax = form === "pem" ? pemCharsMax : TEXT_CHARS_MAX;
  if (value.length > charsMax) return `Must have at most ${charsMax} characters.`;
  if (!value.isWellFormed()) return "Must not contain half of a surrogate pair.";
  const { isValid, expected } = FORMS[form];
  return isValid(value) ? null : expected;
}

interface Form {
  readonly isValid: (text: string) => boolean;
  /** A sentence that tells what is expected. */
  readonly expected: string;
}

const FORMS: Readonly<Record<Exclude<ConfigForm, "jwk" | "jwks">, Form>> = {
  text: { isValid: () => true, expected: "Must be a string." },
  "header-value": {
    isValid: (text) => !/[\0\r\n]/.test(text) && text === text.trim(),
    expected: "Must be a value that fits in a header: no line breaks, no blanks at the beginning or end.",
  },
  hex: { isValid: (text) => decodeHex(text) !== null, expected: "Must be hexadecimal digits, such as 0a1b2c." },
  base64: { isValid: (text) => decodeBase64(text) !== null, expected: "Must be base64, such as c2VjcmV0." },
  "standard-webhooks": {
    isValid: (text) => (text.startsWith("whpk_") ? publicKeyOf(text) !== null : keyOf(text, "whsec") !== null),
    expected: "Must be base64, usually after `whsec_`, or an Ed25519 public key after `whpk_`.",
  },
  "user-password": {
    isValid: (text) => text.includes(":") && !/[\0\r\n]/.test(text),
    expected: "Must be a user name and a password, as user:password.",
  },
  "header-name": {
    isValid: (text) => HEADER_NAME.test(text),
    expected: "Must be the name of a header, such as X-Signature.",
  },
  "basic-or-bearer": { isValid: (text) => /^(basic|bearer)$/i.test(text), expected: "Must be `basic` or `bearer`." },
  url: { isValid: isHttpUrl, expected: "Must be an http or https URL." },
  "pem-public-key": {
    isValid: (text) => parses(() => createPublicKey(text)),
    expected: "Must be a public key in PEM: -----BEGIN PUBLIC KEY-----…",
  },
  "ed25519-hex": {
    isValid: (text) => decodeHex(text)?.length === ED25519_BYTES,
    expected: "Must be an Ed25519 public key: 64 hexadecimal digits.",
  },
  "ed25519-base64": {
    isValid: (text) => decodeBase64(text)?.length === ED25519_BYTES,
    expected: "Must be an Ed25519 public key: 32 bytes in base64.",
  },
  "spki-base64": {
    isValid: (text) => parses(() => createPublicKey({ key: Buffer.from(text, "base64"), format: "der", type: "spki" })),
    expected: "Must be a public key in base64 (DER, SubjectPublicKeyInfo).",
  },
  "pem-certificate": {
    isValid: (text) => parses(() => new X509Certificate(text)),
    expected: "Must be a certificate in PEM: -----BEGIN CERTIFICATE-----…",
  },
  pem: { isValid: (text) => text.includes("-----BEGIN "), expected: "Must be in PEM: -----BEGIN …" },
  seconds: { isValid: (text) => /^\d+$/.test(text), expected: "Must be a whole number of seconds." },
  prefetch: { isValid: (text) => /^\d+$/.test(text), expected: "Must be a whole number." },
  algorithm: {
    isValid: (text) => algorithmOf(text) !== null,
    expected: "Must be `sha1`, `sha256`, `sha384` or `sha512`.",
  },
  encoding: {
    isValid: (text) => /^(hex|base64|base64url)$/i.test(text),
    expected: "Must be `hex`, `base64` or `base64url`.",
  },
  "secret-encoding": {
    isValid: (text) => /^(utf8|hex|base64)$/i.test(text),
    expected: "Must be `utf8`, `hex` or `base64`.",
  },
  "amqp-url": {
    isValid: (text) => isUrl(text, parseAmqpQueueUrl),
    expected: "Must be the URL of a queue, as amqps://USER:PASSWORD@HOST/VHOST?queue=QUEUE with percent-encoded names.",
  },
  "kafka-url": {
    isValid: (text) => isUrl(text, parseKafkaQueueUrl),
    expected: "Must be the URL of a topic, as kafka://USER:PASSWORD@HOST/TOPIC?group=GROUP.",
  },
  "nats-url": {
    isValid: (text) => isUrl(text, parseNatsQueueUrl),
    expected: "Must be the URL of a subject, as nats://USER:PASSWORD@HOST/SUBJECT?stream=STREAM&durable=CONSUMER.",
  },
  "sqs-url": {
    isValid: (text) => isUrl(text, parseSqsUrl),
    expected:
      "Must be the URL of a queue, as sqs://KEY_ID:SECRET@REGION/ACCOUNT/QUEUE with percent-encoded credentials.",
  },
  "signed-string": {
    isValid: (text) => text.length <= SIGNED_STRING_CHARS_MAX && unknownPlaces(text).length === 0,
    expected: `Must be a string of at most ${SIGNED_STRING_CHARS_MAX} characters with {body}, {ts}, {method}, {url}, {path} or {header:Name}.`,
  },
};

/** Returns whether a parser accepts a URL. */
function isUrl(text: string, parse: (url: URL) => object | string): boolean {
  const url = URL.parse(text);
  return url !== null && typeof parse(url) !== "string";
}

function isHttpUrl(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && (url.protocol === "https:" || url.protocol === "http:");
}

/** Returns whether a parser accepts its input. */
function parses(parse: () => unknown): boolean {
  try {
    parse();
    return true;
  } catch {
    return false;
  }
}

function isJwk(value: unknown): boolean {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  return parses(() => createPublicKey({ key: value, format: "jwk" }));
}

function isJwks(value: unknown): boolean {
  if (typeof value !== "object" || value === null || !("keys" in value)) return false;
  const { keys } = value;
  return Array.isArray(keys) && keys.length > 0 && keys.some(isJwk);
}
