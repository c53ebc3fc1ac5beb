import { createPublicKey, createSecretKey, type KeyObject, randomUUID, verify } from "node:crypto";
import { beginHmac } from "../../core/hmac.ts";
import type { Check, ExampleRequest } from "../receiver.ts";
import type { RequestView } from "../request-view.ts";
import { decodeBase64, encodes } from "./bytes.ts";
import { failed, type PreparedScheme, passed, type SourceConfig, secretsOf, toleranceOf } from "./scheme.ts";
import { keyOf, type SecretForm } from "./secret.ts";
import { outside, parseTime, type Window } from "./time.ts";

/** Standard Webhooks: `v1` and `v1a` signatures over `{id}.{timestamp}.{body}`. */
export interface StandardWebhooksParameters {
  readonly type: "standard-webhooks";
  /** The names of the headers. The first set whose signature is present is checked. */
  readonly names: readonly StandardHeaders[];
  /** How a secret becomes a key. Default: `whsec`. */
  readonly secret?: SecretForm;
}

/** The names of the three headers, in lower case. */
export interface StandardHeaders {
  readonly id: string;
  readonly timestamp: string;
  readonly signature: string;
}

export const webhookHeaders: StandardHeaders = {
  id: "webhook-id",
  timestamp: "webhook-timestamp",
  signature: "webhook-signature",
};

export const svixHeaders: StandardHeaders = {
  id: "svix-id",
  timestamp: "svix-timestamp",
  signature: "svix-signature",
};

const PUBLIC_PREFIX = "whpk_";
const PUBLIC_BYTES = 32;
/** DER bytes before the key in a SubjectPublicKeyInfo of Ed25519 (RFC 8410, 4). */
const SPKI_HEAD = Buffer.from("302a300506032b6570032100", "hex");
const WINDOW_SECONDS = 300;
const HEADER_CHARS_MAX = 8192;
const SIGNATURES_MAX = 32;
/** An Ed25519 signature costs much more than an HMAC, and each of them costs one check per key. */
const ASYMMETRIC_MAX = 4;
/** A version, then a comma. */
const VERSIONED = /^v[0-9a-z]{1,8},/;

interface Keys {
  readonly secret: readonly KeyObject[];
  readonly public: readonly KeyObject[];
}

export function prepareStandardWebhooks(parameters: StandardWebhooksParameters, config: SourceConfig): PreparedScheme {
  const keys = keysOf(secretsOf(config), parameters.secret ?? "whsec");
  const window = toleranceOf(config, WINDOW_SECONDS, WINDOW_SECONDS);
  const [key] = keys.secret;
  const [names] = parameters.names;
  return {
    secretHeaders: [],
    check: (request, nowSeconds) => check(parameters.names, keys, window, request, nowSeconds),
    sign: key === undefined ? null : (request, _url, now) => sign(names!, key, request, now),
  };
}

function keysOf(texts: readonly string[], form: SecretForm): Keys {
  const secret: KeyObject[] = [];
  const publicKeys: KeyObject[] = [];
  for (const text of texts) {
    if (form === "whsec" && text.startsWith(PUBLIC_PREFIX)) {
      const key = publicKeyOf(text);
      if (key !== null) publicKeys.push(key);
    } else {
      const bytes = keyOf(text, form);
      if (bytes !== null) secret.push(createSecretKey(bytes));
    }
  }
  return { secret, public: publicKeys };
}

/** Returns the key of a `whpk_…` text, or null if it is not an Ed25519 public key. */
export function publicKeyOf(text: string): KeyObject | null {
  const bytes = decodeBase64(text.slice(PUBLIC_PREFIX.length));
  if (bytes?.length !== PUBLIC_BYTES) return null;
  return createPublicKey({ key: Buffer.concat([SPKI_HEAD, bytes]), format: "der", type: "spki" });
}

function check(
  sets: readonly StandardHeaders[],
  keys: Keys,
  window: Window,
  request: RequestView,
  nowSeconds: number,
): Check {
  const names = sets.find(({ signature }) => request.header(signature)) ?? sets[0]!;
  const value = request.header(names.signature);
  const id = request.header(names.id);
  const timestamp = request.header(names.timestamp);
  if (!value || !id) return failed("missing_signature");
  if (!timestamp) return failed("missing_timestamp");
  const seconds = parseTime(timestamp, "s");
  const signatures = signaturesIn(value);
  if (seconds === null || signatures === null) return failed("malformed_signature");
  if (!matches(keys, signatures, `${id}.${timestamp}.`, request.body)) return failed("signature_mismatch");
  const cause = outside(seconds, nowSeconds, window);
  return cause === null ? passed : failed(cause);
}

/** Some senders separate several signatures by a comma and a blank, so a comma at the end is dropped. */
function signaturesIn(value: string): readonly string[] | null {
  if (value.length > HEADER_CHARS_MAX) return null;
  const signatures = value.split(/,? +/).filter((text) => VERSIONED.test(text));
  return signatures.length === 0 || signatures.length > SIGNATURES_MAX ? null : signatures;
}

function matches(keys: Keys, signatures: readonly string[], head: string, body: Uint8Array): boolean {
  if (signatures.some((text) => text.startsWith("v1,"))) {
    for (const key of keys.secret) {
      const digest = beginHmac("sha256", key).update(head).update(body).digest();
      if (signatures.some((text) => text.startsWith("v1,") && encodes(text.slice(3), "base64", digest))) return true;
    }
  }
  if (keys.public.length === 0) return false;
  const signed = Buffer.concat([Buffer.from(head), body]);
  const asymmetric = signatures.filter((text) => text.startsWith("v1a,")).slice(0, ASYMMETRIC_MAX);
  return asymmetric.some((text) => {
    const bytes = decodeBase64(text.slice("v1a,".length));
    return bytes !== null && keys.public.some((key) => verify(null, signed, key, bytes));
  });
}

function sign(names: StandardHeaders, key: KeyObject, request: ExampleRequest, nowSeconds: number): ExampleRequest {
  const id = request.headers[names.id] ?? `msg_${randomUUID().replaceAll("-", "")}`;
  const timestamp = String(Math.trunc(nowSeconds));
  const digest = beginHmac("sha256", key).update(`${id}.${timestamp}.`).update(request.body).digest("base64");
  const headers = { [names.id]: id, [names.timestamp]: timestamp, [names.signature]: `v1,${digest}` };
  return { ...request, headers: { ...request.headers, ...headers } };
}
