import { type Drained, drained } from "./drain.ts";
import type { Run } from "./figures.ts";
import { type LoadKind, runLoad } from "./load.ts";
import { usageOf } from "./machine.ts";
import type { Receiver } from "./receiver.ts";
import { TemporaryDirectory } from "./resources.ts";
import {
  type Counts,
  deliveriesPerMessage,
  messageBodies,
  type RunningTarget,
  type Shape,
  type Target,
} from "./target.ts";

export interface Conditions {
  readonly receiver: Receiver;
  readonly load: LoadKind;
  readonly shape: Shape;
  readonly payloadBytes: number;
  readonly connections: number;
  readonly warmupSeconds: number;
  readonly seconds: number;
}

/** The state of the target and the receiver after all accepted messages were delivered. */
interface Snapshot extends Counts, Drained {}

/** The figures of a run without its target and round. */
export type LoadFigures = Omit<Run, "target" | "path" | "round">;

/**
 * Starts a target with an empty directory, warms it up, loads it, and waits until everything has
 * been delivered.
 */
export async function measure(target: Target, round: number, conditions: Conditions): Promise<Run> {
  using directory = new TemporaryDirectory();
  await using running = await target.start(directory, conditions.receiver.url);
  return { target: target.name, path: target.path, round, ...(await measureLoad(running, conditions)) };
}

/** Warms up a running target, loads it, and waits until everything has been delivered. */
export async function measureLoad(running: RunningTarget, conditions: Conditions): Promise<LoadFigures> {
  const { load, connections, seconds, warmupSeconds, shape, payloadBytes } = conditions;
  const { messagesUrl: url, headers, signed } = running;
  const bodies = messageBodies(shape, payloadBytes);
  const own = signed === undefined ? { headers, bodies, fresh: null } : signed(payloadBytes);
  const job = { url, connections, ...own };

  if (warmupSeconds > 0) await runLoad(load, { ...job, seconds: warmupSeconds });
  const before = await takeSnapshot(running, conditions);
  const sent = await runLoad(load, { ...job, seconds });
  const sentAt = performance.now();
  const after = await takeSnapshot(running, conditions);

  const delivered = after.delivered - before.delivered;
  const received = after.received - before.received;
  if (received < delivered && running.isBatched !== true)
    throw new Error(`The sender reports ${delivered} deliveries, but the receiver has counted ${received}.`);
  const drainSeconds = Math.max(0, after.lastArrivalAt - sentAt) / 1000;
  return {
    accepted: after.accepted - before.accepted,
    answered: sent.accepted,
    failed: sent.failed,
    delivered,
    received,
    deliveredPerSecond: delivered / (sent.seconds + drainSeconds),
    cpuMicrosPerDelivered: ((after.cpuMs - before.cpuMs) * 1000) / delivered,
    acceptP50Ms: sent.p50Ms,
    acceptP99Ms: sent.p99Ms,
    memoryPeakMb: usageOf(running.pid).memoryPeakBytes / 1e6,
  };
}

async function takeSnapshot(target: RunningTarget, { receiver, shape }: Conditions): Promise<Snapshot> {
  let counts: Counts = { accepted: 0, delivered: 0 };
  const end = await drained(receiver, target.pid, async () => {
    counts = await target.counts();
    return counts.delivered === counts.accepted * deliveriesPerMessage(shape);
  });
  return { ...end, ...counts };
}
