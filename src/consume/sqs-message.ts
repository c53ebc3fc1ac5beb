import type { SqsQueue } from "../core/aws-url.ts";
import { BrokerError, type BrokerMessage } from "./broker.ts";

/** A message from a queue of SQS. */
export interface SqsMessage extends BrokerMessage {
  /** Names this delivery of the message in requests that remove or release it. */
  readonly receiptHandle: string;
}

/**
 * Returns the messages in the field `Messages` of a response, at most `max`. Throws `BrokerError` if
 * the field contains anything else.
 */
export function sqsMessagesOf(field: unknown, max: number, queue: SqsQueue): SqsMessage[] {
  if (field === undefined || field === null) return [];
  if (!Array.isArray(field)) throw invalid("no list");
  if (field.length > max) throw invalid("more messages than were requested");
  return field.map((raw) => sqsMessageOf(raw, queue));
}

/** Returns a message whose headers are the attributes with text values. */
function sqsMessageOf(raw: unknown, queue: SqsQueue): SqsMessage {
  const { MessageId: id, ReceiptHandle: receiptHandle, Body: body, MessageAttributes: attributes } = fieldsOf(raw);
  if (typeof id !== "string" || typeof receiptHandle !== "string" || typeof body !== "string") {
    throw invalid("a message without id, receipt handle or body");
  }
  const headers: Record<string, string> = {};
  for (const [name, attribute] of Object.entries(fieldsOf(attributes))) {
    const value = fieldsOf(attribute).StringValue;
    if (typeof value === "string") headers[name.toLowerCase()] = value;
  }
  return { id, receiptHandle, eventType: null, headers, body: Buffer.from(body), place: queue.name };
}

/** Returns the fields of an object. Other values have none. */
function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}

function invalid(what: string): BrokerError {
  return new BrokerError(`The response contains ${what}. Does the URL lead to an SQS server?`);
}
