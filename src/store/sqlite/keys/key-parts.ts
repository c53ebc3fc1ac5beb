import type { Entries } from "./entry.ts";

/** Entries are moved to their ranges in parts of the key space, each in a commit. A power of two, at most 256. */
const PARTS = 128;

/**
 * Divides the first `count` entries that are wanted by their first byte. Yields the indexes of each
 * part by rising prefix.
 */
export function* inParts(
  entries: Entries,
  count: number,
  isWanted: (index: number) => boolean,
): Generator<readonly number[]> {
  const parts = Array.from({ length: PARTS }, (): number[] => []);
  const prefixes = new Float64Array(count);
  for (let index = 0; index < count; index++) {
    if (!isWanted(index)) continue;
    prefixes[index] = entries.prefixOf(index);
    parts[Math.floor((entries.bytes[index * entries.entryBytes]! * PARTS) / 256)]!.push(index);
  }
  for (const part of parts) {
    if (part.length > 0) yield part.sort((a, b) => prefixes[a]! - prefixes[b]!);
  }
}
