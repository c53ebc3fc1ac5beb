/**
 * Runs in a worker. Requests `/health/ping` every few ms on one connection and, when asked, reports
 * the slowest response since the last report. A slow response means that a request blocked the
 * server's event loop.
 */
const EVERY_MS = 5;

let slowestMs = 0;
let startedAt = 0;

const worker = self as unknown as Worker;

worker.onmessage = ({ data }: MessageEvent<{ readonly url: string } | "report">) => {
  if (data === "report") {
    // A request that has no response yet counts with the time that has passed since it was sent.
    const sinceMs = startedAt === 0 ? 0 : performance.now() - startedAt;
    worker.postMessage(Math.max(slowestMs, sinceMs));
    slowestMs = 0;
  } else void probe(`${data.url}/api/v1/health/ping`);
};

async function probe(url: string): Promise<void> {
  for (;;) {
    startedAt = performance.now();
    await fetch(url).catch(() => {});
    slowestMs = Math.max(slowestMs, performance.now() - startedAt);
    startedAt = 0;
    await Bun.sleep(EVERY_MS);
  }
}
