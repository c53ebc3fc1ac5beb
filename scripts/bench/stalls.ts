/**
 * Measures how long single requests block the server's event loop, and how much memory slow clients
 * use: `bun scripts/bench/stalls.ts [EXECUTABLE] [CASE…]`.
 */
import { Database } from "bun:sqlite";
import { join } from "node:path";
import { type Product, startProduct } from "./product.ts";
import { TemporaryDirectory } from "./resources.ts";
import type { Case } from "./stall-case.ts";
import { cases } from "./stall-cases.ts";

const WARM_UP_MS = 500;
/**
 * How long the measurement continues after a request, in ms, because the request may cause work
 * that continues after the response.
 */
const AFTER_MS = 2000;

/** Memory is in MB, times are in ms. */
interface Figures {
  readonly slowestMs: number;
  readonly tookMs: number;
  readonly memoryBefore: number;
  readonly memoryPeak: number;
}

const [executable = "dist/boathook", ...wanted] = process.argv.slice(2);
for (const [name, one] of Object.entries(cases)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  const { slowestMs, tookMs, memoryBefore, memoryPeak } = await measure(one);
  console.log(
    `${name.padEnd(20)} slowest ping ${slowestMs.toFixed(0).padStart(6)} ms   took ${tookMs.toFixed(0).padStart(6)} ms   ` +
      `memory ${memoryBefore.toFixed(0)} → ${memoryPeak.toFixed(0)} MB`,
  );
}
process.exit(0);

async function measure({ token, prepare, fill, run }: Case): Promise<Figures> {
  using directory = new TemporaryDirectory();
  const dataDir = directory.file("data");
  {
    await using server = await startProduct(executable, dataDir);
    await prepare?.(server);
  }
  if (fill !== undefined) {
    using db = new Database(join(dataDir, "boathook.db"), { strict: true });
    db.transaction(() => fill(db))();
  }
  await using server = await startProduct(executable, dataDir, token);
  return await measureRun(server, run);
}

async function measureRun(server: Product, run: Case["run"]): Promise<Figures> {
  const worker = new Worker(new URL("./stall-probe.ts", import.meta.url).href);
  const report = async (): Promise<number> => {
    const answer = new Promise<number>((resolve) => {
      worker.onmessage = ({ data }) => resolve(data as number);
    });
    worker.postMessage("report");
    return answer;
  };
  worker.postMessage({ url: new URL(server.messagesUrl).origin });
  await Bun.sleep(WARM_UP_MS);
  await report();
  const memory = await memoryOf(server.pid);
  const startedAt = performance.now();
  const end = await run(server);
  const tookMs = performance.now() - startedAt;
  await Bun.sleep(AFTER_MS);
  const figures = {
    slowestMs: await report(),
    tookMs,
    memoryBefore: memory.now,
    memoryPeak: (await memoryOf(server.pid)).peak,
  };
  worker.terminate();
  end?.();
  return figures;
}

async function memoryOf(pid: number): Promise<{ now: number; peak: number }> {
  const status = await Bun.file(`/proc/${pid}/status`).text();
  const megabytes = (field: string) => Number(status.match(new RegExp(`${field}:\\s+(\\d+)`))?.[1]) / 1024;
  return { now: megabytes("VmRSS"), peak: megabytes("VmHWM") };
}
