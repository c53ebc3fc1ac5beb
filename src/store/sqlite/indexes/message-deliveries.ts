import type { Seq } from "../../../core/id.ts";

/**
 * The numbers of a new message's deliveries follow its own, so the first of them are found by their
 * primary keys. The index `delivery_message` has only the others: those of messages with more than
 * this number of endpoints, and those that a replay or a resend has added later. Another value needs
 * a migration that creates the index again.
 */
const NEAR = 16;

/**
 * True if the index `delivery_message` has the delivery. SQLite uses the index only for queries that
 * contain its condition in these words.
 */
export function isFar(delivery = "delivery"): string {
  const messageSeq = `${delivery}.message_seq`;
  return `${delivery}.seq NOT BETWEEN ${messageSeq} + 1 AND ${messageSeq} + ${NEAR}`;
}

/**
 * True if the number of a delivery is in the range of the near deliveries of the messages from `first`
 * to `last`. Other deliveries may have such numbers too.
 */
export function isNear(first: string, last: string, delivery = "delivery"): string {
  return `${delivery}.seq BETWEEN ${first} + 1 AND ${last} + ${NEAR}`;
}

/** Returns whether a delivery of a message is near it. */
export function isNearMessage(deliverySeq: Seq, messageSeq: Seq): boolean {
  return deliverySeq > messageSeq && deliverySeq <= messageSeq + NEAR;
}

/**
 * True if a delivery belongs to a message. `messageSeq` is an expression in SQL. A query that joins
 * deliveries to messages needs CROSS JOIN or LEFT JOIN, because SQLite scans all deliveries otherwise.
 */
export function isOfMessage(messageSeq: string, delivery = "delivery"): string {
  return isNearOrFar(messageSeq, delivery, [`${delivery}.message_seq = ${messageSeq}`]);
}

/**
 * True if a delivery belongs to a message and is for an endpoint. The endpoint must not be a condition
 * beside `isOfMessage`, with which SQLite would read all pending deliveries of the endpoint.
 */
export function isOfMessageTo(messageSeq: string, endpointSeq: string, delivery = "delivery"): string {
  const conditions = [`${delivery}.message_seq = ${messageSeq}`, `${delivery}.endpoint_seq = ${endpointSeq}`];
  return isNearOrFar(messageSeq, delivery, conditions);
}

/**
 * The plus signs keep SQLite from reading near deliveries by another index. Without them it would also
 * use a condition that both sides of OR share as one beside them.
 */
function isNearOrFar(messageSeq: string, delivery: string, conditions: readonly string[]): string {
  const near = [isNear(messageSeq, messageSeq, delivery), ...conditions.map((each) => `+${each}`)];
  const far = [...conditions, isFar(delivery)];
  return `((${near.join(" AND ")}) OR (${far.join(" AND ")}))`;
}
