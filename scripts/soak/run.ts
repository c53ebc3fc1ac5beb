/**
 * Loads the executable for a long time and checks that its memory, files and descriptors do not grow:
 * `bun run soak --minutes 30`. Retention, backups and retries are set to seconds, so that hours pass in
 * minutes. Endpoints fail and recover, a source receives, dead letters are redriven, and a replica is
 * kept. Exits with 1 if a figure grows, if an acknowledged message is neither delivered nor tried until
 * it is dead, or if a request of the clients fails.
 */
import { parseArgs } from "node:util";
import { alignColumns } from "../../src/bench/report.ts";
import { startMailServer } from "../../test/support/mail-server.ts";
import { describeMachine } from "../bench/machine.ts";
import { formatNumber } from "../bench/report.ts";
import { TemporaryDirectory } from "../bench/resources.ts";
import { EXECUTABLE, ensureExecutable } from "../executable.ts";
import { missingIn } from "./numbers.ts";
import { RECEIVER_NAMES, RECEIVERS, type ReceiverName, type Receivers, startReceivers } from "./receivers.ts";
import { sampler } from "./samples.ts";
import { type Server, startServer } from "./server.ts";
import { startTraffic, type Traffic } from "./traffic.ts";
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

const DRAIN_WITHIN_MS = 120_000;
const SAMPLES_MIN = 30;

/** Names data that outlives the soak, because no setting shortens its retention. */
const KEPT_LONGER =
  "Kept longer than the soak takes: idempotency keys (12 h), statistics (3 and 100 days), the audit log (400 days).";

/** Takes samples until `minutes` have passed. */
async function observe(server: Server): Promise<Sample[]> {
  const samples: Sample[] = [];
  const startedAt = performance.now();
  const seconds = () => (performance.now() - startedAt) / 1000;
  const everySeconds = Math.min(5, (minutes * 60) / SAMPLES_MIN);
  const sampleAt = sampler(server.observed);
  while (seconds() < minutes * 60) {
    await Bun.sleep(everySeconds * 1000);
    samples.push(await sampleAt(seconds()));
    if (samples.length % 60 === 0) console.log(progress(samples.at(-1)!));
  }
  return samples;
}

function progress({ at, memory, database, wal, replica, descriptors, pending }: Sample): string {
  const parts = { "memory MB": memory, "database MB": database, "WAL MB": wal, "replica MB": replica };
  const sizes = Object.entries(parts).map(([name, value]) => `${name} ${formatNumber(value, 0)}`);
  return `${formatNumber(at / 60, 1)} min: ${sizes.join(", ")}, descriptors ${descriptors}, pending ${pending}`;
}

interface Outcome {
  /** Deliveries that are neither delivered nor dead after the time for draining. */
  readonly pending: number;
  /** For each receiver, the acknowledged messages, and how many of them it lacks or got too few times. */
  readonly receivers: Readonly<Record<ReceiverName, { readonly acknowledged: number; readonly lost: number }>>;
}

/** Waits until no delivery is pending, and compares what was acknowledged with what arrived. */
async function drain(server: Server, { acknowledged }: Traffic, { got }: Receivers): Promise<Outcome> {
  const deadline = performance.now() + DRAIN_WITHIN_MS;
  const pendingNow = async () => (await server.metrics()).sum("boathook_deliveries_pending");
  let pending = await pendingNow();
  while (pending > 0 && performance.now() < deadline) {
    await Bun.sleep(500);
    pending = await pendingNow();
  }
  const receivers = Object.fromEntries(
    RECEIVER_NAMES.map((name) => {
      const lost = missingIn(got[name], acknowledged[name], RECEIVERS[name]);
      return [name, { acknowledged: acknowledged[name].count, lost }];
    }),
  ) as Outcome["receivers"];
  return { pending, receivers };
}

function table(all: readonly Development[]): string {
  const rows = all.map(({ figure, first, middle, last, max, perHour, tolerance, isFlat }) => {
    const name = FIGURES[figure].unit === "" ? figure : `${figure}, ${FIGURES[figure].unit}`;
    const numbers = [first, middle, last, max, perHour, tolerance].map((value) => formatNumber(value, 1));
    return [name, ...numbers, isFlat ? "flat" : "GROWS"];
  });
  const head = ["", "first third", "middle third", "last third", "maximum", "slope per hour", "allowed growth", ""];
  return alignColumns([head, ...rows]);
}

/** Prints how many backups, notices and dead letters there were. */
async function printCounts(server: Server): Promise<void> {
  const metrics = await server.metrics();
  const backups = (outcome: string) => metrics.sum("boathook_backups_total", outcome);
  console.log(`backups ${backups("finished")}, failed ${backups("failed")}`);
  console.log(`notices ${metrics.sum("boathook_notices_total", "sent")}`);
  console.log(`dead letters ${metrics.sum("boathook_dead_letters")}`);
}

async function soak(server: Server, receivers: Receivers): Promise<boolean> {
  const traffic = await startTraffic(server, receivers, rate);
  const samples = await observe(server);
  await traffic.stop();
  const outcome = await drain(server, traffic, receivers);
  const all = developments(samples);
  console.log(`\n${table(all)}\n\nThe allowed growth is that from the middle to the last third. ${KEPT_LONGER}\n`);
  for (const [name, { acknowledged, lost }] of Object.entries(outcome.receivers)) {
    console.log(`${name}: acknowledged ${acknowledged}, lost ${lost}`);
  }
  console.log(`still pending ${outcome.pending}`);
  await printCounts(server);
  for (const [what, times] of traffic.faults) console.log(`fault: ${what}, ${times} times`);
  if (values.json !== undefined) {
    const faults = Object.fromEntries(traffic.faults);
    await Bun.write(values.json, JSON.stringify({ minutes, rate, samples, developments: all, outcome, faults }));
  }
  const isNothingLost = outcome.pending === 0 && Object.values(outcome.receivers).every(({ lost }) => lost === 0);
  return isNothingLost && traffic.faults.size === 0 && all.every(({ isFlat }) => isFlat);
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
