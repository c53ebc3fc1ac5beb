import type { Seq } from "../core/id.ts";

/**
 * Maximum number of deliveries in one commit of a batch, so that a commit blocks the event loop for
 * only a few ms.
 */
export const DELIVERIES_AT_ONCE = 1000;

/**
 * Divides messages into portions. `wanted` contains the endpoints of each message. Each portion has
 * at least one message and a limited number of deliveries. Yields the start and end of each
 * portion.
 */
export function* portionsOf(wanted: ReadonlyArray<readonly Seq[]>): Generator<[from: number, to: number]> {
  let from = 0;
  let deliveries = 0;
  for (let i = 0; i < wanted.length; i++) {
    const next = wanted[i]!.length;
    if (i > from && deliveries + next > DELIVERIES_AT_ONCE) {
      yield [from, i];
      from = i;
      deliveries = 0;
    }
    deliveries += next;
  }
  if (from < wanted.length) yield [from, wanted.length];
}
