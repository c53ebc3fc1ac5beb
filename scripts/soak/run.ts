/**
 * Loads the executable for a long time and checks that its memory, files and descriptors do not grow:
 * `bun run soak --minutes 30`. Retention, backups and retries are set to seconds, so that hours pass in
 * minutes. Endpoints fail and recover, a source receives, dead letters are redriven, and a replica is
 * kept. Exits with 1 if a figure grows, or if an acknowledged message is lost.
 */
import { parseArgs } from "node:util";
import { startMailServer } from "../../test/support/mail-server.ts";
import { describeMachine } from "../bench/machine.ts";
import { alignColumns, formatNumber } from "../bench/report.ts";
import { TemporaryDirectory } from "../bench/resources.ts";
import { EXECUTABLE, ensureExecutable } from "../executable.ts";
import { type Received, type Receivers, startReceivers } from "./receivers.ts";
import { sampleOf } from "./samples.ts";
import { type Server, startServer } from "./server.ts";
import { startTraffic } from "./traffic.ts";
import { type Development, developments, FIGURES, type Sample } from "./verdict.ts";

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "30" },
    rate: { type: "string", default: "300" },
    binary: { type: "string" },
    json: { type: "string" },
  },
});
const minutes = Number(values.minutes);
const rate = Number(values.rate);
if (!(minutes >= 0.1 && minutes <= 24 * 60) || !(rate >= 10 && rate <= 5000)) {
  console.error("--minutes must be from 0.1 to 1440, and --rate, in messages per second, from 10 to 5000.");
  process.exit(2);
}

const DRAIN_WITHIN_MS = 60_000;
const SAMPLES_MIN = 30;

/** Takes samples until the time is over. */
async function observe(server: Server): Promise<Sample[]> {
  const samples: Sample[] = [];
  const startedAt = performance.now();
  const seconds = () => (performance.now() - startedAt) / 1000;
  const everySeconds = Math.min(5, (minutes * 60) / SAMPLES_MIN);
  while (seconds() < minutes * 60) {
    await Bun.sleep(everySeconds * 1000);
    samples.push(await sampleOf(server.observed, seconds()));
    if (samples.length % 60 === 0) console.log(progress(samples.at(-1)!));
  }
  return samples;
}

function progress({ at, memory, database, wal, replica, descriptors, pending }: Sample): string {
  const parts = { "memory MB": memory, "database MB": database, "WAL MB": wal, "replica MB": replica };
  const sizes = Object.entries(parts).map(([name, value]) => `${name} ${formatNumber(value, 0)}`);
  return `${formatNumber(at / 60, 1)} min: ${sizes.join(", ")}, descriptors ${descriptors}, pending ${pending}`;
}

/** Returns how many of these messages the healthy receiver lacks, after waiting for the latest of them. */
async function lostOf(numbers: ReadonlySet<number>, received: Received): Promise<number> {
  const missing = () => [...numbers].filter((number) => !received.has(number)).length;
  const deadline = performance.now() + DRAIN_WITHIN_MS;
  while (missing() > 0 && performance.now() < deadline) await Bun.sleep(200);
  return missing();
}

function table(all: readonly Development[]): string {
  const rows = all.map(({ figure, middle, last, max, perHour, isFlat }) => {
    const name = FIGURES[figure].unit === "" ? figure : `${figure}, ${FIGURES[figure].unit}`;
    return [name, ...[middle, last, max, perHour].map((value) => formatNumber(value, 1)), isFlat ? "flat" : "GROWS"];
  });
  return alignColumns([["", "middle third", "last third", "maximum", "change per hour", ""], ...rows]);
}

async function soak(server: Server, receivers: Receivers): Promise<boolean> {
  const traffic = await startTraffic(server, receivers, rate);
  const samples = await observe(server);
  await traffic.stop();
  const { accepted, received, refused } = traffic;
  const lost = {
    accepted: await lostOf(accepted, receivers.sent),
    received: await lostOf(received, receivers.fromSource),
  };
  const all = developments(samples);
  console.log(`\n${table(all)}\n`);
  console.log(`sent ${accepted.size}, lost ${lost.accepted}; received ${received.size}, lost ${lost.received}`);
  console.log(`delivered twice: ${receivers.sent.repeated + receivers.fromSource.repeated}`);
  const backups = await server.metric("boathook_backups_total", "finished");
  const failedBackups = await server.metric("boathook_backups_total", "failed");
  const notices = await server.metric("boathook_notices_total", "sent");
  console.log(`backups ${backups}, failed ${failedBackups}; notices ${notices}`);
  for (const [what, times] of refused) console.log(`not 2xx: ${what}, ${times} times`);
  if (values.json !== undefined) await Bun.write(values.json, JSON.stringify({ samples, developments: all, lost }));
  return lost.accepted + lost.received === 0 && all.every(({ isFlat }) => isFlat);
}

if (process.platform !== "linux") {
  console.error("The soak reads /proc, so it needs Linux.");
  process.exit(2);
}
if (values.binary === undefined) await ensureExecutable();
console.log(describeMachine());
console.log(`${minutes} minutes, ${rate} messages per second, a quarter of them to a source\n`);
await using mail = await startMailServer();
using directory = new TemporaryDirectory();
using receivers = startReceivers();
await using server = await startServer(values.binary ?? EXECUTABLE, directory, mail.port);
const isGood = await soak(server, receivers);
console.log(isGood ? "Nothing grows, and nothing was lost." : "The soak has found a fault.");
process.exitCode = isGood ? 0 : 1;
