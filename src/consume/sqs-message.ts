import type { SqsQueue } from "../core/aws-url.ts";
import type { BrokerMessage } from "./broker.ts";

/** A message from a queue of SQS. */
export interface SqsMessage extends BrokerMessage {
  /** Names this delivery of the message in requests that remove or release it. */
  readonly receiptHandle: string;
}

/** A message as SQS returns it. */
export interface RawSqsMessage {
  readonly MessageId?: string;
  readonly ReceiptHandle?: string;
  readonly Body?: string;
  readonly MessageAttributes?: Readonly<Record<string, { readonly StringValue?: string }>>;
}

/** Returns a message whose headers are the attributes with text values. */
export function sqsMessageOf(raw: RawSqsMessage, queue: SqsQueue): SqsMessage {
  const { MessageId: id, ReceiptHandle, Body, MessageAttributes } = raw;
  const headers: Record<string, string> = {};
  for (const [name, { StringValue: value }] of Object.entries(MessageAttributes ?? {})) {
    if (typeof value === "string") headers[name.toLowerCase()] = value;
  }
  return {
    id: id ?? null,
    receiptHandle: ReceiptHandle ?? "",
    eventType: null,
    headers,
    body: Buffer.from(Body ?? ""),
    place: queue.name,
  };
}
