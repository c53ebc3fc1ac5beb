/** The form of the field `batch` of endpoints. */
import { type BatchLimits, batchDefaults, batchMessagesMax, batchWaitMsMax } from "../batch.ts";
import { type Form, nullable, struct, type ValueType } from "./value-type.ts";

const integer = (minimum: number, maximum: number, description: string): Form => ({
  type: "integer",
  keywords: { minimum, maximum, description },
});

const form = struct<BatchLimits>(
  {
    maxMessages: integer(
      1,
      batchMessagesMax,
      `Number of messages after which a batch is sent; ${batchDefaults.maxMessages} if absent.`,
    ),
    maxWaitMs: integer(
      0,
      batchWaitMsMax,
      `Time after the acceptance of its oldest message after which a batch is sent, in ms; ${batchDefaults.maxWaitMs} if absent.`,
    ),
  },
  [],
  {
    description:
      "Send several messages in one request, as a JSON array of `{id, eventType, timestamp, payload}`; null or absent means one by one. A batch is sent when it has `maxMessages` messages, when the next one would exceed `max-body`, or `maxWaitMs` after the acceptance of its oldest message. See /docs/guide/batches.",
    examples: [{ maxMessages: 100, maxWaitMs: 5000 }],
  },
);

export const batchType: ValueType<BatchLimits | null, Readonly<Record<string, unknown>> | null, BatchLimits | null> = {
  ...nullable(form),
  parse: (input) => (input === null ? null : { ...batchDefaults, ...(input as Partial<BatchLimits>) }),
};
