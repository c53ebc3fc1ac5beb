import type { DeliveryState } from "../../core/delivery.ts";
import type { Seq } from "../../core/id.ts";
import type { Finding } from "../../core/problem.ts";
import type { DayCount, MessageQuota, QuotaExceeded } from "../../core/quota.ts";
import type { Received } from "../../core/received.ts";
import type { TraceContext } from "../../core/trace.ts";
import type { TimeWindow } from "./common.ts";

/** A message that exists, without its content. */
export interface KnownMessage {
  readonly seq: Seq;
  /** False if the payload is no longer stored. */
  readonly hasPayload: boolean;
}

export interface Message {
  readonly seq: Seq;
  readonly applicationSeq: Seq;
  readonly eventType: string;
  readonly eventId: string | null;
  readonly channels: readonly string[] | null;
  readonly tags: readonly string[] | null;
  /** The bytes as received. Null after they expired or were expunged. */
  readonly payload: Uint8Array | null;
  /**
   * Null means `application/json`, or for a received message that the sender stated none and that
   * none is sent.
   */
  readonly contentType: string | null;
  /** Additional headers for this message. */
  readonly headers: Readonly<Record<string, string>> | null;
  readonly acceptedAt: number;
  /** Earliest time of the first attempt; null means immediately. */
  readonly deliverAt: number | null;
  /** The places where the payload violates its event type's schema; null if it is valid. */
  readonly warnings: readonly Finding[] | null;
  /** How a source received the message; null for messages that were sent through the API. */
  readonly received: Received | null;
  /** The trace that the caller has begun. Null or absent if there is none. */
  readonly trace?: TraceContext | null;
}

export interface NewMessage extends Omit<Message, "payload"> {
  readonly payload: Uint8Array;
  /** Time at which the payload expires. Null means when the server's `retention` ends. */
  readonly payloadExpiresAt: number | null;
  /**
   * One delivery per endpoint. `seq` is also the position in the lane, unless `deliverAt` requires
   * a later position (`placeAt`).
   */
  readonly deliveries: ReadonlyArray<{ readonly seq: Seq; readonly endpointSeq: Seq }>;
  /** The entry is stored in the same commit, so that the response can be returned again. */
  readonly idempotency: IdempotencyEntry | null;
  /** The function that sent the message. Null or absent if none did. */
  readonly sentBy?: FunctionSend | null;
  /** The limits of the application in force. Null or absent if its messages are not limited. */
  readonly quota?: MessageQuota | null;
}

/** One message that a function sends. It is stored at most once. */
export interface FunctionSend {
  /** The delivery that the function handles. */
  readonly deliverySeq: Seq;
  /** The number of the message among those of the delivery, from 0. */
  readonly number: number;
  /** How many functions have had a part in the message, from 1. */
  readonly hops: number;
}

export interface IdempotencyEntry {
  /** SHA-256 of caller, URL and key, 32 bytes. */
  readonly key: Uint8Array;
  readonly expiresAt: number;
  /** 8-byte hash of the body and its content type. Null if the body could not be read. */
  readonly bodyHash: Uint8Array | null;
}

/**
 * The first 2xx response to an idempotency key: its text, or the message that the request created.
 */
export type IdempotentResponse = (
  | { readonly kind: "text"; readonly status: number; readonly body: string }
  | { readonly kind: "message"; readonly messageSeq: Seq }
) & {
  /**
   * The hash in the entry. Absent if that hash is null, or if an earlier version stored the
   * response.
   */
  readonly bodyHash?: Uint8Array;
};

export type AcceptResult =
  | { readonly accepted: true }
  /** The application already has a message with this `eventId`; nothing was stored. */
  | { readonly accepted: false; readonly because: "event-id" }
  /** The idempotency key already has a response, or the function has sent the message; nothing was stored. */
  | { readonly accepted: false; readonly because: "idempotency"; readonly response: IdempotentResponse }
  /** The message exceeds a quota of the application; nothing was stored. */
  | { readonly accepted: false; readonly because: "quota"; readonly exceeded: QuotaExceeded }
  /**
   * The message has a quota, but it is not known what the application uses; nothing was stored. See
   * `Queue.usage`.
   */
  | { readonly accepted: false; readonly because: "uncounted" };

/** Usage of an application that counts for its quota. */
export interface QuotaUsage {
  readonly endpoints: number;
  /** Null if not all messages of the application are counted. */
  readonly messages: (DayCount & { readonly storedBytes: number }) | null;
}

export interface MessageFilter extends TimeWindow {
  readonly eventTypes?: readonly string[];
  readonly channel?: string;
  readonly tag?: string;
}

/** The message data needed to make an attempt. */
export interface MessageContent {
  readonly seq: Seq;
  readonly applicationSeq: Seq;
  readonly eventType: string;
  readonly eventId: string | null;
  readonly payload: Uint8Array | null;
  readonly contentType: string | null;
  readonly headers: Readonly<Record<string, string>> | null;
  readonly channels: readonly string[] | null;
  readonly tags: readonly string[] | null;
  readonly acceptedAt: number;
  readonly received: Received | null;
  readonly trace?: TraceContext | null;
}

/** A message, with the number of its deliveries in each state. */
export interface LatestMessage extends Message {
  readonly deliveries: Readonly<Record<DeliveryState, number>>;
}
