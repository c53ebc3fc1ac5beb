import type { EndpointAuth } from "../endpoint-auth.ts";

/** The settings of an endpoint that not every protocol supports. */
export interface EndpointFeatures {
  readonly batch: object | null;
  readonly payloadMode: "full" | "reference";
  readonly auth: EndpointAuth | null;
  readonly tls: object | null;
}

/** The field of an endpoint that its protocol does not support, and what to do about it. */
export interface Unsupported {
  readonly field: keyof EndpointFeatures;
  readonly msg: string;
}

/** The rules for endpoints whose URLs have a certain scheme. */
export interface UrlScheme {
  /** The schemes to which the rules apply, without a colon. */
  readonly names: readonly string[];
  /**
   * Whether the rest of the URL begins with `//` and a host. The host is then normalized as that of an
   * http URL, and must not be empty.
   */
  readonly hasHost: boolean;
  /** Returns the error in a URL, or null. The message never contains a password. */
  readonly problem: (url: URL) => string | null;
  /** Returns the error if `https-only` forbids the URL because it is not encrypted, otherwise null. */
  readonly clearTextProblem: (url: URL) => string | null;
  /** Returns the error if the URL contains no keys for AWS and the server has none, otherwise null. */
  readonly credentialsProblem?: (url: URL) => string | null;
  /** Returns the host name or IP address to which deliveries connect. Null if the URL contains none. */
  readonly remoteHost: (url: URL) => string | null;
  /** Returns the first setting of an endpoint that the protocol does not support, or null. */
  readonly unsupported: (endpoint: EndpointFeatures, url: URL) => Unsupported | null;
  /**
   * Parameters of the query that decide where or how the password is sent. A masked password keeps
   * the stored one only if they are unchanged.
   */
  readonly credentialParams?: readonly string[];
  /** Whether a user without a password is a token, and therefore a secret. */
  readonly hasTokens?: boolean;
  /** Whether a receiver can be asked for its consent (setting `endpoint-challenge`). */
  readonly isChallenged: boolean;
  /** Present if endpoints for operational webhooks cannot have the URL. */
  readonly isForCustomers?: true;
}

/** The `remoteHost` of schemes whose URLs name the receiver as their host. */
export const hostOfUrl = (url: URL): string => url.hostname;
