import type { Seq } from "../../core/id.ts";
import type { Lease } from "../index.ts";

/** A message that can be leased. */
export interface LeaseCandidate {
  readonly messageSeq: Seq;
  /** How many times it has been leased before. */
  readonly before: number;
  /** The size of its payload. Null if the message is no longer stored. */
  readonly bytes: number | null;
}

/** The leases of one call. */
export class LeaseBasket {
  readonly leases: Lease[] = [];
  #bytes = 0;

  constructor(private readonly bytesMax: number) {}

  /** Leases a message. Returns null if it does not fit any more. The first one always fits. */
  take({ messageSeq, before, bytes }: LeaseCandidate): Lease | null {
    this.#bytes += bytes ?? 0;
    if (this.leases.length > 0 && this.#bytes > this.bytesMax) return null;
    const lease = { messageSeq, times: before + 1 };
    this.leases.push(lease);
    return lease;
  }
}

/**
 * Returns whether a lease has ended, given the stored lease of its message. If there is none, it has been
 * acknowledged before, unless the group has not come to its message.
 */
export function hasEnded(
  { messageSeq, times }: Lease,
  stored: { readonly times: number; readonly endsAt: number } | null,
  cursor: Seq,
  now: number,
): boolean {
  return stored === null ? messageSeq > cursor : stored.times !== times || stored.endsAt <= now;
}
