/**
 * Maximum number of attempts that have returned their slot, as a multiple of the number of slots.
 */
export const WAITING_PER_SLOT = 8;

/** Returns the maximum number of concurrent attempts in a process with this many slots. */
export function attemptsMax(deliveryConcurrency: number): number {
  return deliveryConcurrency * (1 + WAITING_PER_SLOT);
}
