import { createPublicKey, type KeyObject, verify } from "node:crypto";
import type { Check } from "../receiver.ts";
import type { RequestView } from "../request-view.ts";
import { decodeBase64, decodeHex, type Encoding } from "./bytes.ts";
import { readEnvelope } from "./envelope.ts";
import { configText, failed, type PreparedScheme, passed, type SourceConfig, toleranceOf } from "./scheme.ts";
import { fill, parseTemplate, type Template } from "./template.ts";
import { outside, parseTime, type TimeUnit, type Window } from "./time.ts";

/** A signature of a template that a pasted public key verifies. */
export interface PublicKeyParameters {
  readonly type: "public-key";
  readonly algorithm: PublicKeyAlgorithm;
  readonly headers: readonly [string];
  /** How the configured key is written. */
  readonly key: PublicKeyForm;
  /** The encoding of the signature. ECDSA signatures are in DER. */
  readonly encoding: Encoding;
  /** `ebay`: the header is JSON in base64 that contains the signature. Default: the signature alone. */
  readonly envelope?: "ebay";
  /** Default: `{body}`. See `Template`. */
  readonly signedString?: string;
  /** Where the time is: in a header, or in a field of the JSON body. */
  readonly time?: Window & { readonly unit: TimeUnit } & ({ readonly header: string } | { readonly field: string });
}

export type PublicKeyAlgorithm = "ed25519" | "ecdsa-sha1" | "ecdsa-sha256" | "rsa-sha256";

/** `hex` and `base64`: the 32 bytes of an Ed25519 key. `spki-base64`: DER. */
export type PublicKeyForm = "hex" | "base64" | "spki-base64" | "pem";

/** DER bytes before the key in a SubjectPublicKeyInfo of Ed25519 (RFC 8410, 4). */
const ED25519_SPKI_HEAD = Buffer.from("302a300506032b6570032100", "hex");
const ED25519_KEY_BYTES = 32;
const KEY_CHARS_MAX = 16_384;
/** An RSA signature with a key of 8192 bits has 1024 bytes. */
const SIGNATURE_CHARS_MAX = 4096;

const KEY_TYPES: Readonly<Record<PublicKeyAlgorithm, string>> = {
  ed25519: "ed25519",
  "ecdsa-sha1": "ec",
  "ecdsa-sha256": "ec",
  "rsa-sha256": "rsa",
};

const DIGESTS: Readonly<Record<PublicKeyAlgorithm, string | null>> = {
  ed25519: null,
  "ecdsa-sha1": "sha1",
  "ecdsa-sha256": "sha256",
  "rsa-sha256": "sha256",
};

interface Verifier {
  readonly parameters: PublicKeyParameters;
  /** Name of the header, in lower case. */
  readonly header: string;
  readonly template: Template;
  readonly key: KeyObject | null;
  readonly window: Window;
}

export function preparePublicKey(parameters: PublicKeyParameters, config: SourceConfig): PreparedScheme {
  const { algorithm, headers, key: form, signedString = "{body}", time } = parameters;
  const text = configText(config, "publicKey");
  const verifier: Verifier = {
    parameters,
    header: headers[0].toLowerCase(),
    template: parseTemplate(signedString),
    key: text === null ? null : publicKeyFrom(text, form, algorithm),
    window: toleranceOf(config, time?.past ?? Infinity, time?.future ?? Infinity),
  };
  return { secretHeaders: [], check: (request, now) => check(verifier, request, now), sign: null };
}

/** Returns the key, or null if the text is not a public key of the algorithm. */
export function publicKeyFrom(text: string, form: PublicKeyForm, algorithm: PublicKeyAlgorithm): KeyObject | null {
  if (text.length > KEY_CHARS_MAX) return null;
  try {
    const key = parsedKey(text, form);
    return key?.asymmetricKeyType === KEY_TYPES[algorithm] ? key : null;
  } catch {
    return null;
  }
}

function parsedKey(text: string, form: PublicKeyForm): KeyObject | null {
  if (form === "pem") return createPublicKey(text);
  const bytes = form === "hex" ? decodeHex(text) : decodeBase64(text);
  if (bytes === null) return null;
  if (form === "spki-base64") return createPublicKey({ key: bytes, format: "der", type: "spki" });
  if (bytes.length !== ED25519_KEY_BYTES) return null;
  return createPublicKey({ key: Buffer.concat([ED25519_SPKI_HEAD, bytes]), format: "der", type: "spki" });
}

function check({ parameters, header, template, key, window }: Verifier, request: RequestView, now: number): Check {
  const value = request.header(header);
  if (value === null || value === "") return failed("missing_signature");
  if (value.length > SIGNATURE_CHARS_MAX) return failed("malformed_signature");
  const time = parameters.time === undefined ? null : timeIn(request, parameters.time);
  if (time === "") return failed("missing_timestamp");
  const signature = signatureIn(value, parameters);
  const seconds = time === null || parameters.time === undefined ? null : parseTime(time, parameters.time.unit);
  if (signature === null || (time !== null && seconds === null)) return failed("malformed_signature");
  const parts = fill(template, request, request.body, time ?? "");
  if (key === null || parts === null || !isSignedBy(key, parameters.algorithm, parts, signature)) {
    return failed("signature_mismatch");
  }
  const late = seconds === null ? null : outside(seconds, now, window);
  return late === null ? passed : failed(late);
}

/** Returns the text of the time; empty if it is missing. */
function timeIn(request: RequestView, time: NonNullable<PublicKeyParameters["time"]>): string {
  if ("header" in time) return request.header(time.header.toLowerCase()) ?? "";
  const body = request.json();
  const isObject = typeof body === "object" && body !== null && Object.hasOwn(body, time.field);
  const value = isObject ? (body as Readonly<Record<string, unknown>>)[time.field] : null;
  return typeof value === "string" || typeof value === "number" ? String(value) : "";
}

function signatureIn(value: string, { envelope, encoding }: PublicKeyParameters): Buffer | null {
  const text = envelope === undefined ? value : readEnvelope(value);
  if (text === null) return null;
  return encoding === "hex" ? decodeHex(text) : decodeBase64(text);
}

/** Returns whether a signature is right. Never throws, whatever the bytes of the signature are. */
export function isSignedBy(
  key: KeyObject,
  algorithm: PublicKeyAlgorithm,
  parts: readonly (string | Uint8Array)[],
  signature: Uint8Array,
): boolean {
  try {
    return verify(DIGESTS[algorithm], bytesOf(parts), key, signature);
  } catch {
    return false;
  }
}

function bytesOf(parts: readonly (string | Uint8Array)[]): Uint8Array {
  const [first] = parts;
  if (parts.length === 1 && first instanceof Uint8Array) return first;
  return Buffer.concat(parts.map((part) => (typeof part === "string" ? Buffer.from(part) : part)));
}
