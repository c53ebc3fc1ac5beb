/** Whether a message that the server already has is the one in a row. */
import { parseExact } from "../core/exact-json.ts";
import { applicationPath, isRefused, type RelayApi } from "./api.ts";
import type { Item } from "./row.ts";

/** The payload of a message whose payload is no longer stored. */
const EXPIRED = '{"expired":true}';

/**
 * Returns whether the server's message with this `eventId` has the event type and the payload of the
 * row. They differ if ids are used again, or if two tables have the same ids. Null means that the
 * message no longer exists.
 */
export async function isSentBefore(api: RelayApi, { row, payload }: Item, eventId: string): Promise<boolean | null> {
  const path = `${applicationPath(row.app)}/msg/${encodeURIComponent(eventId)}`;
  const found = await api.get(path).catch((error: unknown) => {
    if (isRefused(error) && error.status === 404) return null;
    throw error;
  });
  if (found === null) return null;
  const message = found as { readonly eventType?: unknown; readonly payload?: unknown };
  if (message.eventType !== row.eventType) return false;
  const stored = message.payload;
  return JSON.stringify(stored) === EXPIRED || Bun.deepEquals(stored, parseExact(payload));
}
