import type { Seq } from "../../core/id.ts";
import type { Finding } from "../../core/problem.ts";
import type { TimeWindow } from "./common.ts";

export interface Message {
  readonly seq: Seq;
  readonly applicationSeq: Seq;
  readonly eventType: string;
  readonly eventId: string | null;
  readonly channels: readonly string[] | null;
  readonly tags: readonly string[] | null;
  /** The bytes as they came; null once expired or expunged. */
  readonly payload: Uint8Array | null;
  /** Null = application/json. */
  readonly contentType: string | null;
  /** Extra headers of this message only. */
  readonly headers: Readonly<Record<string, string>> | null;
  readonly acceptedAt: number;
  /** Not to be sent before this instant; null = at once. */
  readonly deliverAt: number | null;
  /** Where it does not fit the schema of its type; null when nothing was found. */
  readonly warnings: readonly Finding[] | null;
}

export interface NewMessage extends Omit<Message, "payload"> {
  readonly payload: Uint8Array;
  /** When the payload is to be deleted, if earlier than the server's `retention`. */
  readonly payloadExpiresAt: number | null;
  /** One per endpoint that wants it. `seq` is also the delivery's place in its lane, unless `deliverAt` is a later one (`placeAt`). */
  readonly deliveries: ReadonlyArray<{ readonly seq: Seq; readonly endpointSeq: Seq }>;
  /** Stored in the same commit, so that the answer can be repeated. */
  readonly idempotency: IdempotencyEntry | null;
}

export interface IdempotencyEntry {
  /** SHA-256 over caller, key and address; 32 bytes. */
  readonly key: Uint8Array;
  readonly expiresAt: number;
}

/** The first 2xx answer to an idempotency key: a text to repeat, or the message it made. */
export type IdempotentAnswer =
  | { readonly kind: "text"; readonly status: number; readonly body: string }
  | { readonly kind: "message"; readonly messageSeq: Seq };

export type AcceptResult =
  | { readonly accepted: true }
  /** The application already has a message with this `eventId`; nothing was stored. */
  | { readonly accepted: false; readonly because: "event-id" }
  /** Another call with this idempotency key was answered first; nothing was stored. */
  | { readonly accepted: false; readonly because: "idempotency"; readonly answer: IdempotentAnswer };

export interface MessageFilter extends TimeWindow {
  readonly eventTypes?: readonly string[];
  readonly channel?: string;
  readonly tag?: string;
}

/** What an attempt needs of its message. */
export interface MessageContent {
  readonly seq: Seq;
  readonly applicationSeq: Seq;
  readonly eventType: string;
  readonly payload: Uint8Array | null;
  readonly contentType: string | null;
  readonly headers: Readonly<Record<string, string>> | null;
  readonly channels: readonly string[] | null;
  readonly tags: readonly string[] | null;
  readonly acceptedAt: number;
}
