import { type ExactObject, parseExact } from "../../src/core/exact-json.ts";
import { filterOf } from "../../src/filter/filter.ts";
import type { FilteredMessage } from "../../src/filter/message-view.ts";

/** Returns a message with this payload, given as JSON text. */
export function messageWith(payload: string, more: Partial<FilteredMessage> = {}): FilteredMessage {
  return { eventType: "invoice.paid", headers: null, contentType: null, payload: Buffer.from(payload), ...more };
}

/** Checks a filter, given as JSON text. */
export function checked(filter: string, message: FilteredMessage) {
  return filterOf(parseExact(filter) as ExactObject).explain(message);
}
