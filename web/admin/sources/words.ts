import type { Message, Provider, Source, SourceDetail, SourceLogEntry } from "../../../src/api/types.ts";
import type { Tone } from "../../kit/parts/badge.tsx";

export type Cause = SourceLogEntry["cause"];
export type Verification = NonNullable<Message["verification"]>;

/** What a source checks, or what is known about one request. */
export interface CheckWords {
  readonly tone: Tone;
  readonly word: string;
  readonly text: string;
}

export const stateWords: Readonly<Record<Verification, CheckWords>> = {
  verified: { tone: "good", word: "verified", text: "A signature covers the body." },
  authenticated: { tone: "idle", word: "authenticated", text: "A secret proves the sender, but not the whole body." },
  unattempted: { tone: "idle", word: "not checked", text: "Nothing was checked. Anyone who knows the URL can send." },
  failed: { tone: "bad", word: "failed", text: "The check failed. The source stores such requests too." },
};

/** Returns whether sources of a provider take messages from a queue and have no URL. */
export function takesFromQueue(provider: Provider | null): boolean {
  return provider?.category === "queue";
}

type Connection = NonNullable<SourceDetail["connection"]>;

/** How the connection of a source to its queue is shown. */
export const connectionTones: Readonly<Record<Connection["state"], Tone>> = {
  connecting: "wait",
  connected: "good",
  failed: "bad",
};

/** Returns what a source checks. `provider` is null if it is not known yet. */
export function checkOf({ verification }: Pick<Source, "verification">, provider: Provider | null): CheckWords {
  if (verification === "off") {
    return { tone: "bad", word: "check off", text: "Nothing is checked. Anyone who knows the URL can send." };
  }
  if (provider === null) return { tone: "idle", word: verification, text: "" };
  const { tone, word, text } = stateWords[provider.state];
  if (takesFromQueue(provider)) return { tone, word, text: "Whoever may write to the queue can send." };
  if (provider.state === "unattempted") return { tone, word, text: "The provider proves nothing that can be checked." };
  if (verification === "record")
    return { tone: "wait", word: "not enforced", text: `${text} Requests that fail it are stored too.` };
  return { tone, word, text: `${text} Requests that fail it are refused.` };
}

const CAUSES: Readonly<Record<Cause, string>> = {
  signature_mismatch: "signature does not match",
  missing_signature: "no signature",
  malformed_signature: "malformed signature",
  timestamp_too_old: "signed time too old",
  timestamp_in_future: "signed time in the future",
  missing_timestamp: "no valid time",
  body_hash_mismatch: "hash does not match the body",
  token_mismatch: "wrong token or password",
  unknown_key: "unknown key",
  claim_mismatch: "unexpected claim in the token",
  algorithm_not_allowed: "algorithm not allowed",
  certificate_url_not_allowed: "certificate URL not allowed",
  topic_mismatch: "unexpected topic",
  method_not_allowed: "method not allowed",
  payload_too_large: "body too large",
  schema: "does not match its schema",
  rate_limited: "too many requests",
};

/** Returns a cause in a few words. */
export function causeWords(cause: Cause): string {
  // A newer server may have causes that this page does not know.
  return CAUSES[cause] ?? cause;
}
