/** The form of the field `quota` of applications. */
import type { Quota } from "../quota.ts";
import { type Form, nullable, struct, type ValueType } from "./value-type.ts";

const limit = (maximum: number, description: string): Form => ({
  type: "integer",
  keywords: { minimum: 0, maximum, description },
  nullable: true,
});

const ENDPOINTS_MAX = 100_000;
const MESSAGES_MAX = 1_000_000_000;
const BYTES_MAX = 2 ** 50;

const form = struct<Quota>(
  {
    endpoints: limit(ENDPOINTS_MAX, "Maximum number of endpoints."),
    messagesPerDay: limit(MESSAGES_MAX, "Maximum number of messages per day, which begins at midnight UTC."),
    storedBytes: limit(BYTES_MAX, "Maximum size of the stored payloads together, in bytes."),
  },
  [],
  {
    description:
      "How much the application may use. A limit that is null or absent is the server's default (settings `quota-endpoints`, `quota-messages-per-day`, `quota-stored-bytes`); 0 permits nothing. A change replaces all three limits. What exceeds a limit gets the error `quota_exceeded`.",
  },
);

/** A quota. One without any limit is stored as null. */
export const quotaType: ValueType<Quota | null, Readonly<Record<string, unknown>> | null, Quota | null> = {
  ...nullable(form),
  parse(input) {
    const { endpoints = null, messagesPerDay = null, storedBytes = null } = (input ?? {}) as Partial<Quota>;
    const isEmpty = endpoints === null && messagesPerDay === null && storedBytes === null;
    return isEmpty ? null : { endpoints, messagesPerDay, storedBytes };
  },
};
