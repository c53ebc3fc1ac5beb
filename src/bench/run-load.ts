import type { LoadJob, LoadResult } from "./load.ts";
import type { ReceiverReport } from "./receiver.ts";
import type { Subject, SubjectCounts } from "./subject.ts";
import { textField } from "./subject.ts";
import { type Usage, usageOf } from "./usage.ts";
import type { Workplace } from "./workplace.ts";

/** The figures of a load. A figure is null if the system does not report it. */
export interface Loaded {
  readonly accepted: number;
  readonly delivered: number;
  /** From the first request until the last webhook arrived. */
  readonly deliveredPerSecond: number;
  /** While the load was sent. */
  readonly acceptedPerSecond: number;
  /** Time of the responses to the load. */
  readonly acceptP50Ms: number | null;
  readonly acceptP99Ms: number | null;
  /** Time from sending a message until its webhook arrived. */
  readonly arrivalP50Ms: number | null;
  readonly arrivalP99Ms: number | null;
  readonly cpuMicrosPerDelivered: number | null;
  /** Share of one core that the main thread used. At 1, more cores do not make the server faster. */
  readonly mainThreadShare: number | null;
  readonly writtenBytesPerDelivered: number | null;
  readonly commitsPerDelivered: number;
  readonly memoryPeakBytes: number | null;
}

/** A load for a subject and its receiver. Each message is delivered `fanOut` times. */
export interface Load extends Pick<LoadJob, "requests" | "seconds"> {
  readonly receiverUrl: string;
  readonly connections?: number;
  readonly perSecond?: number | null;
  readonly requestsMax?: number | null;
  readonly fanOut?: number;
}

export const CONNECTIONS = 64;
const POLL_MS = 50;
const DRAIN_WITHIN_MS = 300_000;
const PROCESS_WITHIN_MS = 60_000;

/** Starts a receiver. */
export async function startReceiver(work: Workplace) {
  const child = work.start(["bench", "receiver"]);
  const url = await child.line(textField("url"));
  return { url, [Symbol.asyncDispose]: () => child[Symbol.asyncDispose]() };
}

/** Sends requests without waiting until their messages are delivered. Throws if one is refused. */
export async function sendOnly(work: Workplace, subject: Subject, load: Omit<Load, "receiverUrl" | "fanOut">) {
  const { hostname: host, port } = subject.url;
  const { requests, seconds, connections = CONNECTIONS, perSecond = null, requestsMax = null } = load;
  const job: LoadJob = { host, port: Number(port), requests, connections, seconds, perSecond, requestsMax };
  await using child = work.start(["bench", "load", JSON.stringify(job)]);
  const result = await child.line((value) => value as unknown as LoadResult, seconds * 1000 + PROCESS_WITHIN_MS);
  if (result.failed > 0) {
    throw new Error(`${result.failed} of ${result.failed + result.accepted} messages were refused.`);
  }
  return result;
}

/** Sends a load and waits until all its messages have arrived and their success is stored. */
export async function runLoad(work: Workplace, subject: Subject, load: Load): Promise<Loaded> {
  const { receiverUrl, fanOut = 1 } = load;
  const countsBefore = await subject.counts();
  const before = usageOf(subject.pid);
  const result = await sendOnly(work, subject, load);
  const delivered = result.accepted * fanOut;
  const arrival = await arrivalOf(receiverUrl, delivered);
  const { after, counts } = await settled(subject, countsBefore, delivered);
  const seconds = ((arrival.lastArrivalAt ?? result.startedAt) - result.startedAt) / 1000;
  const used = (read: (usage: Usage) => number) =>
    before === null || after === null ? null : read(after) - read(before);
  const per = (value: number | null, by: number) => (value === null ? null : value / by);
  return {
    accepted: result.accepted,
    delivered,
    deliveredPerSecond: delivered / seconds,
    acceptedPerSecond: result.accepted / result.seconds,
    acceptP50Ms: result.p50Ms,
    acceptP99Ms: result.p99Ms,
    arrivalP50Ms: arrival.p50Ms,
    arrivalP99Ms: arrival.p99Ms,
    cpuMicrosPerDelivered: per(
      used(({ cpuMs }) => cpuMs * 1000),
      delivered,
    ),
    mainThreadShare: per(
      used(({ mainThreadMs }) => mainThreadMs / 1000),
      seconds,
    ),
    writtenBytesPerDelivered: per(
      used(({ diskWrittenBytes }) => diskWrittenBytes),
      delivered,
    ),
    commitsPerDelivered: (counts.commits - countsBefore.commits) / delivered,
    memoryPeakBytes: after?.memoryPeakBytes ?? null,
  };
}

/** Waits until this many webhooks have arrived since the previous report of the receiver. */
export async function arrivalOf(receiverUrl: string, wanted: number): Promise<ReceiverReport> {
  const deadline = performance.now() + DRAIN_WITHIN_MS;
  // The first report has the times of nearly all webhooks. Those that arrive later are only counted.
  let found = await reportOf(receiverUrl);
  while (found.received < wanted) {
    if (performance.now() > deadline) {
      throw new Error(`${wanted - found.received} of ${wanted} messages were not delivered in time.`);
    }
    await Bun.sleep(POLL_MS);
    const next = await reportOf(receiverUrl);
    const times = found.received === 0 ? next : found;
    const lastArrivalAt = next.lastArrivalAt ?? found.lastArrivalAt;
    found = { ...times, lastArrivalAt, received: found.received + next.received };
  }
  return found;
}

export async function reportOf(receiverUrl: string): Promise<ReceiverReport> {
  return (await (await fetch(new URL("/report", receiverUrl))).json()) as ReceiverReport;
}

/** Waits until the success of all deliveries is stored. */
async function settled(subject: Subject, before: SubjectCounts, delivered: number) {
  const deadline = performance.now() + DRAIN_WITHIN_MS;
  for (;;) {
    const after = usageOf(subject.pid);
    const counts = await subject.counts();
    if (counts.delivered - before.delivered >= delivered) return { after, counts };
    if (performance.now() > deadline) {
      throw new Error(`Only ${counts.delivered - before.delivered} of ${delivered} deliveries have succeeded.`);
    }
    await Bun.sleep(POLL_MS);
  }
}
