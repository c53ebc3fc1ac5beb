/**
 * Sends a burst to a source: 100 times as many requests per second as its consumer bears, for a
 * minute. The consumer is a fifo endpoint with a `throttleRate`, which is raised after the burst.
 * Usage: `bun scripts/bench/burst.ts [--rate 10] [--seconds 60] [--after-rate 2000]`. Prints what was
 * refused, lost and out of order, the time of the responses, and the memory of the server.
 */
import { createHmac } from "node:crypto";
import { parseArgs } from "node:util";
import { EXECUTABLE, ensureExecutable } from "../executable.ts";
import { describeMachine, usageOf } from "./machine.ts";
import { type Product, startProduct } from "./product.ts";
import { TemporaryDirectory } from "./resources.ts";

const FACTOR = 100;
const SECRET = "whsec_bench-only-secret";
const REQUESTS_AT_ONCE_MAX = 256;
const TICK_MS = 10;
const SAMPLE_MS = 500;
/** Time without an arrival after which the rest counts as lost, in ms. */
const PATIENCE_MS = 30_000;

const { values } = parseArgs({
  options: {
    rate: { type: "string", default: "10" },
    seconds: { type: "string", default: "60" },
    "after-rate": { type: "string", default: "2000" },
  },
});
const rate = Number(values.rate);
const seconds = Number(values.seconds);
const afterRate = Number(values["after-rate"]);
if (![rate, seconds, afterRate].every((value) => Number.isSafeInteger(value) && value > 0)) {
  console.error("--rate, --seconds and --after-rate must be whole numbers, at least 1.");
  process.exit(2);
}

/** The consumer. It counts the events that arrive, and those that arrive before an earlier one. */
function startConsumer() {
  const seen = new Set<number>();
  let lastId = "";
  let disordered = 0;
  let lastArrivalAt = performance.now();
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    async fetch(request) {
      const { n } = (await request.json()) as { n: number };
      lastArrivalAt = performance.now();
      if (!seen.has(n)) {
        // Ids increase in the order of acceptance.
        const id = request.headers.get("webhook-id")!;
        if (id < lastId) disordered++;
        lastId = id;
        seen.add(n);
      }
      return new Response(null);
    },
  });
  return {
    url: `http://127.0.0.1:${server.port}/`,
    seen,
    get disordered() {
      return disordered;
    },
    get lastArrivalAt() {
      return lastArrivalAt;
    },
    stop: () => server.stop(true),
  };
}

interface Sent {
  /** Numbers of the events that got a 2xx. */
  readonly accepted: Set<number>;
  /** Number of other responses, by status; 0 means that there was none. */
  readonly refused: Map<number, number>;
  readonly latenciesMs: number[];
  /** Number of requests that were sent late because too many had no response yet. */
  delayed: number;
}

/** Sends events at a constant rate, whatever the responses are. */
async function sendBurst(url: string, perSecond: number, forSeconds: number): Promise<Sent> {
  const sent: Sent = { accepted: new Set(), refused: new Map(), latenciesMs: [], delayed: 0 };
  const underWay = new Set<Promise<void>>();
  const startedAt = performance.now();
  const total = perSecond * forSeconds;
  for (let n = 0; n < total; ) {
    const wanted = Math.min(total, Math.floor(((performance.now() - startedAt) * perSecond) / 1000));
    while (n < wanted && underWay.size < REQUESTS_AT_ONCE_MAX) {
      const call: Promise<void> = sendOne(url, n++, sent).finally(() => underWay.delete(call));
      underWay.add(call);
    }
    sent.delayed = Math.max(sent.delayed, wanted - n);
    await Bun.sleep(TICK_MS);
  }
  await Promise.all(underWay);
  return sent;
}

async function sendOne(url: string, n: number, { accepted, refused, latenciesMs }: Sent): Promise<void> {
  const body = JSON.stringify({ id: `evt_${n}`, type: "invoice.paid", n, note: "x".repeat(400) });
  const t = Math.floor(Date.now() / 1000);
  const signature = createHmac("sha256", SECRET).update(`${t}.${body}`).digest("hex");
  const headers = { "content-type": "application/json", "stripe-signature": `t=${t},v1=${signature}` };
  const startedAt = performance.now();
  const response = await fetch(url, { method: "POST", body, headers }).catch(() => null);
  await response?.arrayBuffer();
  latenciesMs.push(performance.now() - startedAt);
  if (response?.ok) accepted.add(n);
  else refused.set(response?.status ?? 0, (refused.get(response?.status ?? 0) ?? 0) + 1);
}

/** Reads the memory of a process repeatedly. */
function watchMemory(pid: number) {
  const before = usageOf(pid).memoryBytes;
  let peak = before;
  const timer = setInterval(() => {
    peak = Math.max(peak, usageOf(pid).memoryBytes);
  }, SAMPLE_MS);
  return {
    before,
    get peak() {
      return peak;
    },
    stop: () => clearInterval(timer),
  };
}

async function untilArrived(consumer: ReturnType<typeof startConsumer>, count: number): Promise<void> {
  while (consumer.seen.size < count && performance.now() - consumer.lastArrivalAt < PATIENCE_MS) await Bun.sleep(50);
}

async function createSource(product: Product, consumerUrl: string) {
  const wanted = { name: "Burst", type: "stripe", config: { secret: SECRET } };
  const created = await product.call("POST", "/ingest/api/v1/source", wanted);
  const source = created as { readonly id: string; readonly ingestUrl: string };
  const endpoints = `/ingest/api/v1/source/${source.id}/endpoint`;
  const endpoint = { url: consumerUrl, uid: "consumer", ordering: "fifo", throttleRate: rate };
  await product.call("POST", endpoints, endpoint);
  const path = `${endpoints}/consumer`;
  return {
    path: new URL(source.ingestUrl).pathname,
    raiseRate: () => product.call("PATCH", path, { throttleRate: afterRate }),
  };
}

function percentile(values: readonly number[], share: number): string {
  const sorted = values.toSorted((a, b) => a - b);
  return (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN).toFixed(1);
}

async function burst(): Promise<boolean> {
  await ensureExecutable();
  console.log(describeMachine());
  using directory = new TemporaryDirectory();
  await using product = await startProduct(EXECUTABLE, directory.file("data"));
  const consumer = startConsumer();
  const { path, raiseRate } = await createSource(product, consumer.url);
  const url = new URL(path, product.messagesUrl).href;
  const memory = watchMemory(product.pid);
  const perSecond = rate * FACTOR;
  console.log(`A consumer for ${rate}/s gets ${perSecond}/s for ${seconds} s.`);
  const sent = await sendBurst(url, perSecond, seconds);
  const { accepted, refused, latenciesMs, delayed } = sent;
  const refusedCount = perSecond * seconds - accepted.size;
  const waiting = accepted.size - consumer.seen.size;
  const burstPeak = memory.peak;
  console.log(`accepted ${accepted.size}, refused ${refusedCount} ${JSON.stringify([...refused])}, waiting ${waiting}`);
  console.log(`response p50 ${percentile(latenciesMs, 0.5)} ms, p99 ${percentile(latenciesMs, 0.99)} ms`);
  console.log(`requests sent late because ${REQUESTS_AT_ONCE_MAX} had no response: at most ${delayed} at a time`);
  const startedAt = performance.now();
  await raiseRate();
  await untilArrived(consumer, accepted.size);
  const workedOffS = ((performance.now() - startedAt) / 1000).toFixed(1);
  const lost = [...accepted].filter((n) => !consumer.seen.has(n)).length;
  console.log(
    `worked off at up to ${afterRate}/s in ${workedOffS} s: lost ${lost}, out of order ${consumer.disordered}`,
  );
  memory.stop();
  const after = usageOf(product.pid).memoryBytes;
  const mb = [memory.before, burstPeak, memory.peak, after].map((bytes) => (bytes / 1024 / 1024).toFixed(0));
  console.log(`memory in MB: before ${mb[0]}, peak of the burst ${mb[1]}, peak ${mb[2]}, after ${mb[3]}`);
  consumer.stop();
  return refusedCount + lost + consumer.disordered === 0;
}

process.exit((await burst()) ? 0 : 1);
