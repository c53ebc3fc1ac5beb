import { usageOf } from "./machine.ts";
import type { Receiver } from "./receiver.ts";

/** State of the receiver and the sender once nothing more arrives. */
export interface Drained {
  readonly received: number;
  /** Time at which the last arrival was noticed, by `performance.now()`. */
  readonly lastArrivalAt: number;
  /** User and system time of the sending process so far. */
  readonly cpuMs: number;
}

const POLL_MS = 10;
const QUIET_MS = 300;
const DRAIN_WITHIN_MS = 120_000;

/**
 * Waits until nothing has arrived for a while and the sender reports that it has finished. Polls
 * only the receiver until then, because polling the sender would slow it down. Rejects after two
 * minutes.
 */
export async function drained(receiver: Receiver, pid: number, isFinished: () => Promise<boolean>): Promise<Drained> {
  const deadline = performance.now() + DRAIN_WITHIN_MS;
  let received = await receiver.count();
  let lastArrivalAt = performance.now();
  let quietSince = lastArrivalAt;
  while (performance.now() < deadline) {
    await Bun.sleep(POLL_MS);
    const count = await receiver.count();
    const now = performance.now();
    if (count !== received) {
      received = count;
      lastArrivalAt = now;
      quietSince = now;
    } else if (now - quietSince >= QUIET_MS) {
      const { cpuMs } = usageOf(pid);
      if (await isFinished()) return { received, lastArrivalAt, cpuMs };
      quietSince = performance.now();
    }
  }
  throw new Error(`Deliveries are missing after ${DRAIN_WITHIN_MS / 1000} s: the receiver has counted ${received}.`);
}
