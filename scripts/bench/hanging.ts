import { parseArgs } from "node:util";
import { attemptsMax } from "../../src/core/concurrency.ts";
import { makeApplication } from "../../test/support/client.ts";
import { makeEndpoint, sendMessage } from "../../test/support/delivery.ts";
import { type Installation, install } from "../../test/support/installation.ts";
import { heldBack, startReceiver } from "../../test/support/receiver.ts";
import { EXECUTABLE, ensureExecutable } from "../executable.ts";

/**
 * Measures how long a healthy endpoint waits when many fast endpoints begin to hang at the same
 * moment: `bun scripts/bench/hanging.ts --endpoints 1000`. Prints the time from the response to
 * each message until its arrival, and the memory of the server.
 */
const { values } = parseArgs({
  options: {
    endpoints: { type: "string", default: "1000" },
    seconds: { type: "string", default: "20" },
    binary: { type: "string" },
  },
});
const endpoints = Number(values.endpoints);
const seconds = Number(values.seconds);
if (!(endpoints >= 1) || !(seconds >= 1)) {
  console.error("--endpoints and --seconds must be numbers from 1.");
  process.exit(2);
}
const EVERY_MS = 50;
/** The timeout of the hanging endpoints, in ms. It is longer than the measurement. */
const TIMEOUT_MS = 60_000;
/** How long late arrivals are awaited after the last message, in ms. */
const GRACE_MS = 5000;
const DEFAULT_CONCURRENCY = 256;

function memoryMiB({ process: { pid } }: Installation): number {
  const { stdout } = Bun.spawnSync(["ps", "-o", "rss=", "-p", String(pid)]);
  return Math.round(Number(stdout.toString()) / 1024);
}

if (values.binary === undefined) await ensureExecutable();
const executable = values.binary ?? EXECUTABLE;
await using hanging = startReceiver();
await using healthy = startReceiver();
await using boathook = await install([], { program: [executable] });
const { send } = boathook;
const [others, app] = [await makeApplication(send), await makeApplication(send)];
for (let i = 0; i < endpoints; i++) await makeEndpoint(send, others, hanging.url, { timeoutMs: TIMEOUT_MS });
await makeEndpoint(send, app, healthy.url);
await sendMessage(send, others);
await sendMessage(send, app);
await Promise.all([hanging.arrived(endpoints), healthy.arrived(1)]);
const before = memoryMiB(boathook);

hanging.answering = heldBack().answering;
await sendMessage(send, others);
const sentAt = new Map<string, number>();
for (const until = performance.now() + seconds * 1000; performance.now() < until; await Bun.sleep(EVERY_MS)) {
  sentAt.set(await sendMessage(send, app), performance.now());
}
await Bun.sleep(GRACE_MS);
const waits = healthy.received.flatMap(({ id, atMs }) => {
  const at = sentAt.get(id);
  return at === undefined ? [] : [Math.max(0, atMs - at)];
});
waits.sort((a, b) => a - b);
const at = (share: number) => `${Math.round(waits[Math.min(waits.length - 1, Math.floor(share * waits.length))]!)} ms`;
console.log(`${endpoints} endpoints hang, at most ${attemptsMax(DEFAULT_CONCURRENCY)} attempts at once.`);
console.log(`${sentAt.size} messages to a healthy endpoint, ${waits.length} arrived within ${GRACE_MS} ms of the end.`);
if (waits.length > 0) console.log(`Wait: median ${at(0.5)}, 99th percentile ${at(0.99)}, longest ${at(1)}.`);
console.log(`Attempts under way to them: ${hanging.received.length - endpoints}.`);
console.log(`Memory: ${before} MiB before they hang, ${memoryMiB(boathook)} MiB after.`);
// Stops the server before the connections that hang are closed.
await boathook[Symbol.asyncDispose]();
process.exit(0);
