import type { HandshakeName } from "./handshakes/index.ts";
import type { DoorReply, PassedState } from "./receiver.ts";
import type { Scheme } from "./schemes/index.ts";

/** One row of the table of providers: how a sender signs its requests, as data. */
export interface Provider {
  /** In lower case, such as `stripe`. */
  readonly id: string;
  readonly name: string;
  /** Further names that a source's `type` may have. */
  readonly aliases: readonly string[];
  readonly category: Category;
  readonly kind: Kind;
  readonly scheme: Scheme;
  /** The fields of a source's `config`, without those that every source has. */
  readonly config: readonly ConfigField[];
  /** The headers that the check reads, spelled as in the provider's documentation. */
  readonly headers: readonly string[];
  /** The methods of the provider's events, in upper case; null means any. */
  readonly methods: readonly string[] | null;
  /** An expression such as `$.type` or `header:X-GitHub-Event`; null if there is no event type. */
  readonly eventType: string | null;
  /**
   * An expression for the id that is unique per event and stays the same in retries; null if there
   * is none. Ids of other things are not used: they would make different events look equal.
   */
  readonly deliveryId: string | null;
  /** The handshakes of the provider, in the order in which they are tried. */
  readonly handshake: readonly HandshakeName[];
  /**
   * The response after a message was stored. A header with the value `{config:name}` gets the value
   * of that field of the configuration.
   */
  readonly reply: DoorReply;
  /** The response to a request that failed its check; null means the default 401. */
  readonly refusal: DoorReply | null;
  readonly confidence: Confidence;
  /** Where the rules were read. */
  readonly source: string;
  /** State of a request that passes the check. */
  readonly state: PassedState;
}

export type Category = "payments" | "commerce" | "code" | "work" | "messaging" | "identity" | "generic" | "queue";

export type Kind =
  | "hmac-body"
  | "hmac-timestamp-body"
  | "hmac-url-body"
  | "hmac-fields"
  | "standard-webhooks"
  | "hook-secret-handshake"
  | "static-token"
  | "basic"
  | "body-token"
  | "ed25519"
  | "ecdsa"
  | "rsa"
  | "rsa-cert"
  | "jwt"
  | "none";

/**
 * How sure a row is. `sdk`: run against the provider's own package. `docs`: read in the provider's
 * own documents or source. `memory+`: from memory, and another implementation agrees. `registry`:
 * only another registry says so. `memory`: from memory alone.
 */
export type Confidence = "sdk" | "docs" | "memory+" | "registry" | "memory";

/** A field of a source's `config`. */
export interface ConfigField {
  readonly name: string;
  readonly isRequired: boolean;
  /** Whether responses show `[set]` instead of the value. */
  readonly isSecret: boolean;
  /** Name of the value in the provider's own pages. */
  readonly label: string;
  readonly form: ConfigForm;
}

/** The form of a valid value. */
export type ConfigForm =
  | "text"
  | "header-value"
  | "hex"
  | "base64"
  /** Base64, optionally after `whsec_`; or `whpk_` and an Ed25519 public key in base64. */
  | "standard-webhooks"
  | "user-password"
  | "header-name"
  | "basic-or-bearer"
  | "url"
  | "pem-public-key"
  | "ed25519-hex"
  | "ed25519-base64"
  | "spki-base64"
  | "pem-certificate"
  /** Certificates or a private key for TLS. */
  | "pem"
  | "jwk"
  | "jwks"
  | "seconds"
  | "algorithm"
  | "encoding"
  | "secret-encoding"
  | "signed-string"
  /** The URL of a queue. Its password is shown as `***`. */
  | "amqp-url"
  | "kafka-url"
  | "nats-url"
  | "sqs-url"
  | "prefetch";

/** A row as written in the table, without values that are the same in most rows. */
export type ProviderRow = Pick<Provider, "id" | "name" | "kind" | "scheme" | "confidence" | "source"> &
  Partial<Omit<Provider, "id" | "name" | "kind" | "scheme" | "confidence" | "source" | "category">>;

const EMPTY_REPLY: DoorReply = { status: 200, headers: {}, body: "" };

/** The secret of most rows: any text. */
export const secretField: ConfigField = {
  name: "secret",
  isRequired: true,
  isSecret: true,
  label: "Signing secret",
  form: "text",
};

/** Returns the configuration of a row that only needs a secret, called `label` by the provider. */
export function secretCalled(label: string, form: ConfigForm = "text"): readonly ConfigField[] {
  return [{ ...secretField, label, form }];
}

/** Returns a field whose value may be shown. */
export function publicField(name: string, label: string, form: ConfigForm, isRequired: boolean): ConfigField {
  return { name, isRequired, isSecret: false, label, form };
}

/** A certificate that is used instead of the one at the address in the request. */
export const certificateField: ConfigField = publicField(
  "certificate",
  "Certificate of the provider, instead of fetching it",
  "pem-certificate",
  false,
);

/** Returns fields that are not required. */
export function optional(fields: readonly ConfigField[]): readonly ConfigField[] {
  return fields.map((field) => ({ ...field, isRequired: false }));
}

/** Completes the rows of a category. */
export function rows(category: Category, ...list: readonly ProviderRow[]): readonly Provider[] {
  return list.map((row) => ({
    category,
    aliases: [],
    config: [secretField],
    headers: headersOf(row.scheme),
    methods: ["POST"],
    eventType: null,
    deliveryId: null,
    handshake: [],
    reply: EMPTY_REPLY,
    refusal: null,
    state: "verified" as const,
    ...row,
  }));
}

/** Returns the headers that a scheme names. */
function headersOf(scheme: Scheme): readonly string[] {
  if (scheme.type === "standard-webhooks") {
    return scheme.names.flatMap(({ id, timestamp, signature }) => [id, timestamp, signature]);
  }
  const names: string[] = "headers" in scheme ? [...scheme.headers] : [];
  if ("time" in scheme && scheme.time !== undefined && "header" in scheme.time) names.push(scheme.time.header);
  if (scheme.type === "hmac" && scheme.keyName !== undefined) names.push(scheme.keyName.header);
  return names;
}
