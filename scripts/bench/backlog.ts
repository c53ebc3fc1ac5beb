import { alignColumns } from "../../src/bench/report.ts";
import { drained } from "./drain.ts";
import { usageOf } from "./machine.ts";
import type { Options } from "./options.ts";
import { APPLICATION, createEndpoints, messageBody, type Product, startProduct } from "./product.ts";
import { type Receiver, startReceiver } from "./receiver.ts";
import { formatNumber } from "./report.ts";
import { TemporaryDirectory } from "./resources.ts";

/** The figures of a run with a long backlog. Times are in ms, memory is in MB. */
export interface BacklogFigures {
  readonly pending: number;
  readonly emptyStartMs: number;
  readonly fillPerSecond: number;
  readonly filledMemoryMb: number;
  readonly filledMemoryPeakMb: number;
  readonly startMs: number;
  /**
   * Webhooks received after the restart. Webhooks that had arrived but were not settled before the
   * kill arrive again.
   */
  readonly drained: number;
  readonly drainPerSecond: number;
  readonly drainMemoryPeakMb: number;
  /** User and system time per delivery while draining. */
  readonly drainCpuMicros: number;
}

const BATCH = 1000;
const CONCURRENCY = 256;
const PENDING = "boathook_deliveries_pending";

/**
 * Fills a server with paused endpoints, resumes them and kills the process immediately, so that all
 * pending deliveries are due after the restart. Then it drains them.
 */
export async function backlog(options: Options, executable: string): Promise<BacklogFigures> {
  using directory = new TemporaryDirectory();
  await using receiver = await startReceiver(options.receiver);
  console.log(`receiver: ${receiver.name}\n`);
  const dataDir = directory.file("data");
  const filled = await fill(executable, dataDir, receiver, options);
  const figures = { ...filled, ...(await drain(executable, dataDir, receiver)) };
  const received = await receiver.count();
  if (received < filled.pending) throw new Error(`Only ${received} of ${filled.pending} deliveries have arrived.`);
  console.log(describe(figures));
  return figures;
}

async function fill(executable: string, dataDir: string, receiver: Receiver, options: Options) {
  const { endpoints, pending: wanted, payloadBytes } = options;
  await using server = await startProduct(executable, dataDir);
  const endpointOptions = {
    receiverUrl: receiver.url,
    endpoints,
    spread: false,
    concurrency: CONCURRENCY,
    paused: true,
  };
  await createEndpoints(server, endpointOptions);
  const startedAt = performance.now();
  await sendMessages(server, Math.ceil(wanted / endpoints), payloadBytes);
  const seconds = (performance.now() - startedAt) / 1000;
  const { [PENDING]: pending } = await server.metrics(PENDING);
  const usage = usageOf(server.pid);
  for (let i = 0; i < endpoints; i++)
    await server.call("PATCH", `/app/${APPLICATION}/endpoint/ep-${i}`, { paused: false });
  return {
    pending,
    emptyStartMs: server.startMs,
    fillPerSecond: pending / seconds,
    filledMemoryMb: usage.memoryBytes / 1e6,
    filledMemoryPeakMb: usage.memoryPeakBytes / 1e6,
  };
}

async function sendMessages(server: Product, count: number, payloadBytes: number): Promise<void> {
  const message: unknown = JSON.parse(messageBody(0, payloadBytes));
  for (let sent = 0; sent < count; sent += BATCH) {
    const messages = Array.from({ length: Math.min(BATCH, count - sent) }, () => message);
    await server.call("POST", `/app/${APPLICATION}/msg/batch`, { messages });
  }
}

async function drain(executable: string, dataDir: string, receiver: Receiver) {
  const receivedBefore = await receiver.count();
  await using server = await startProduct(executable, dataDir);
  const servedAt = performance.now();
  const cpuMsBefore = usageOf(server.pid).cpuMs;
  const end = await drained(receiver, server.pid, async () => (await server.metrics(PENDING))[PENDING] === 0);
  const count = end.received - receivedBefore;
  return {
    startMs: server.startMs,
    drained: count,
    drainPerSecond: count / ((end.lastArrivalAt - servedAt) / 1000),
    drainMemoryPeakMb: usageOf(server.pid).memoryPeakBytes / 1e6,
    drainCpuMicros: ((end.cpuMs - cpuMsBefore) * 1000) / count,
  };
}

function describe(figures: BacklogFigures): string {
  const row = (label: string, value: number, unit: string, digits = 0) => [label, formatNumber(value, digits), unit];
  return alignColumns([
    row("pending deliveries", figures.pending, ""),
    row("start with nothing pending", figures.emptyStartMs, "ms"),
    row("filled in batches of 1,000", figures.fillPerSecond, "/s"),
    row("memory when filled", figures.filledMemoryMb, "MB"),
    row("peak memory while filling", figures.filledMemoryPeakMb, "MB"),
    row("start after a crash, everything due", figures.startMs, "ms"),
    row("drained", figures.drained, ""),
    row("drain", figures.drainPerSecond, "/s"),
    row("CPU per drained delivery", figures.drainCpuMicros, "µs", 1),
    row("peak memory while draining", figures.drainMemoryPeakMb, "MB"),
  ]);
}
