/** Reads filters from requests. */
import { type ExactObject, parseExact } from "../../../core/exact-json.ts";
import { type ByteRange, topLevelFields } from "../../../core/json.ts";
import { compileFilter } from "../../../filter/compile.ts";

/**
 * Returns the request's values with the numbers of `filter` as they were sent, because a filter is
 * compared exactly and shown as it was given. Throws 422 if the filter is invalid.
 */
export function withFilter<Sent extends { readonly filter?: unknown }>(sent: Sent, bytes: Uint8Array): Sent {
  if (sent.filter == null) return sent;
  const filter = parseExact(fieldText(bytes, "filter")!) as ExactObject;
  compileFilter(filter);
  return { ...sent, filter };
}

/** Returns the JSON text of a field of the body, or null if there is none. */
export function fieldText(bytes: Uint8Array, name: string): string | null {
  const range: ByteRange | undefined = topLevelFields(bytes, [name])?.fields.get(name);
  return range === undefined ? null : Buffer.from(bytes.subarray(...range)).toString();
}
