/**
 * Measures for how long requests are refused while an application moves: `bun scripts/move-times.ts`. For each
 * number of waiting deliveries, prints a row of the table in the page "shards" of the guide, with the median of
 * `--moves` moves. A client sends one message after another until the application has departed.
 */
import { loadavg } from "node:os";
import { makeApplication, type Send } from "../test/support/client.ts";
import { makeEndpoint, sendMessages } from "../test/support/delivery.ts";
import { moveApp, type TwoServers, twoServers } from "../test/support/move.ts";
import { countOptions } from "./count-option.ts";
import { ensureExecutable } from "./executable.ts";

const WAITING = [10, 1000, 10_000, 100_000];
const MESSAGE = { eventType: "a", payload: { text: "x".repeat(489) } };

interface Measured {
  readonly deliveries: number;
  readonly closedMs: number;
  readonly wholeMs: number;
}

/** Sends one message after another until the application has departed. */
async function sendUntilDeparted(send: Send, app: string): Promise<void> {
  for (;;) {
    const { status } = await send("POST", `/app/${app}/msg`, MESSAGE);
    if (status === 421) return;
    if (status !== 202 && status !== 503) throw new Error(`A message got ${status}.`);
  }
}

async function measured({ a, b }: TwoServers, waiting: number): Promise<Measured> {
  const app = await makeApplication(a.send);
  await makeEndpoint(a.send, app, "http://127.0.0.1:1/", { paused: true });
  await sendMessages(a.send, app, waiting, MESSAGE);
  const sending = sendUntilDeparted(a.send, app);
  const startedAt = performance.now();
  const { code, stdout, stderr } = await moveApp(app, a.url, b.url, {}, "--json");
  const wholeMs = performance.now() - startedAt;
  if (code !== 0) throw new Error(stderr);
  await sending;
  const { deliveries, closedMs } = JSON.parse(stdout) as Pick<Measured, "deliveries" | "closedMs">;
  return { deliveries, closedMs, wholeMs };
}

const { moves } = countOptions({ moves: 3 });
await ensureExecutable();
const loads = [loadavg()[0]!];
const rows: string[] = [];
await using servers = await twoServers();
for (const waiting of WAITING) {
  const results: Measured[] = [];
  for (let i = 0; i < moves; i++) results.push(await measured(servers, waiting));
  const { deliveries, closedMs, wholeMs } = results.toSorted((x, y) => x.closedMs - y.closedMs)[moves >> 1]!;
  const seconds = (wholeMs / 1000).toFixed(wholeMs < 10_000 ? 1 : 0);
  rows.push(`| ${deliveries.toLocaleString("en")} | ${Math.ceil(closedMs).toLocaleString("en")} ms | ${seconds} s |`);
  loads.push(loadavg()[0]!);
}
console.log(`Load average: ${Math.min(...loads).toFixed(0)} to ${Math.max(...loads).toFixed(0)}.\n`);
console.log("| waiting deliveries | requests were refused for | the whole command |\n| --: | --: | --: |");
for (const row of rows) console.log(row);
