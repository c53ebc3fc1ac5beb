/** Batches: messages that are sent to an endpoint in one request. */
import { formatInstant } from "./instant.ts";
import { CLOSE_ARRAY, CLOSE_OBJECT, COMMA, OPEN_ARRAY } from "./json-bytes.ts";
import { isJson, utf8OrNull } from "./text.ts";

/** The limits of an endpoint's batches. */
export interface BatchLimits {
  /** Number of messages after which a batch is closed. */
  readonly maxMessages: number;
  /** Time after the acceptance of its oldest message after which a batch is closed, in ms. */
  readonly maxWaitMs: number;
}

export const batchMessagesMax = 1000;
export const batchWaitMsMax = 3_600_000;
export const batchDefaults: BatchLimits = { maxMessages: 100, maxWaitMs: 5000 };

/** A delivery that waits for its batch. */
export interface WaitingForBatch {
  /** Time at which the delivery became due. For most messages that is their acceptance. */
  readonly dueAt: number;
  /** Size of the payload. */
  readonly payloadBytes: number;
}

export interface BatchSituation {
  readonly now: number;
  /** Maximum size of a body. A single message may be greater. */
  readonly bytesMax: number;
  /** Whether no delivery can join that is not waiting yet. */
  readonly isLast: boolean;
}

/** Close the batch now, with the first `count` deliveries, or wait until a time. */
export type BatchDecision =
  | { readonly kind: "close"; readonly count: number }
  | { readonly kind: "wait"; readonly until: number };

/** Approximate size of an element without its payload: its names, an id, an event type and a time. */
const FRAME_BYTES = 110;

/** Returns the approximate size of a message in a batch. Its exact size is known when it is sent. */
export function approximateBytes(payloadBytes: number): number {
  return payloadBytes + FRAME_BYTES;
}

/**
 * Decides whether to close a batch. `waiting` has at least one delivery; the first ones join. A batch
 * is closed when it has as many messages as its limit, when the next one would not fit, or when
 * its oldest message has waited long enough. If a time lies so far in the future that the clock must
 * have been set back, the batch does not wait for it.
 */
export function decideBatch(
  waiting: readonly WaitingForBatch[],
  { maxMessages, maxWaitMs }: BatchLimits,
  { now, bytesMax, isLast }: BatchSituation,
): BatchDecision {
  let count = 0;
  let bytes = 0;
  let until = Number.POSITIVE_INFINITY;
  for (const { dueAt, payloadBytes } of waiting) {
    const elementBytes = approximateBytes(payloadBytes);
    if (count === maxMessages || (count > 0 && bytes + elementBytes > bytesMax)) break;
    count++;
    bytes += elementBytes;
    until = Math.min(until, dueAt > now + maxWaitMs ? now : dueAt + maxWaitMs);
  }
  const isFull = count === maxMessages || count < waiting.length || isLast;
  return isFull || until <= now ? { kind: "close", count } : { kind: "wait", until };
}

/** A message of a batch. */
export interface BatchMessage {
  readonly id: string;
  readonly eventType: string;
  readonly acceptedAt: number;
  readonly payload: Uint8Array;
}

const utf8 = new TextEncoder();
// A byte order mark is no JSON, so it must not be removed.
const lenient = new TextDecoder("utf-8", { ignoreBOM: true });

/**
 * Returns a message as an element of a batch: `{"id", "eventType", "timestamp", "payload"}`. A payload
 * that is JSON keeps its bytes. Any other payload becomes a string, in which bytes that are not UTF-8
 * are replaced with U+FFFD.
 */
export function batchElement({ id, eventType, acceptedAt, payload }: BatchMessage): Uint8Array {
  const fields = JSON.stringify({ id, eventType, timestamp: formatInstant(acceptedAt) });
  const head = utf8.encode(`${fields.slice(0, -1)},"payload":`);
  const text = utf8OrNull(payload);
  const value = text !== null && isJson(text) ? payload : utf8.encode(JSON.stringify(text ?? lenient.decode(payload)));
  const element = new Uint8Array(head.byteLength + value.byteLength + 1);
  element.set(head);
  element.set(value, head.byteLength);
  element[element.byteLength - 1] = CLOSE_OBJECT;
  return element;
}

/** Returns the size of an array of elements, in bytes. */
export function batchBodyBytes(count: number, elementBytes: number): number {
  return elementBytes + count + 1;
}

/** Returns a JSON array of elements. There is at least one. */
export function batchBody(elements: readonly Uint8Array[]): Uint8Array {
  const bytes = elements.reduce((sum, { byteLength }) => sum + byteLength, 0);
  const body = new Uint8Array(batchBodyBytes(elements.length, bytes));
  body[0] = OPEN_ARRAY;
  let at = 1;
  for (const element of elements) {
    body.set(element, at);
    at += element.byteLength;
    body[at++] = COMMA;
  }
  body[at - 1] = CLOSE_ARRAY;
  return body;
}
