/**
 * Computes the plan for a million webhooks per second from the figures of the bench
 * (`web/bench/figures.json`) and of the page on sizing, and prints it as a table. With `--write`,
 * inserts it between its markers in the page on shards.
 */
import { join } from "node:path";
import { type Figure, spreadOf } from "../src/bench/figures.ts";
import { publishedResult } from "./bench/readme.ts";
import { withContent } from "./markers.ts";

const PAGES = join(import.meta.dir, "..", "web", "guide", "pages");
const PAGE = join(PAGES, "shards.md");
const MARKERS = { start: "[//]: # (plan)", end: "[//]: # (end of plan)" };

const WEBHOOKS_PER_SECOND = 1_000_000;
const SECONDS_PER_DAY = 86_400;
// These are assumptions, and the table says so.
const PLANNED_SHARE = 0.5;
const SHARDS_PER_MACHINE = 8;
const WIRE_BYTES = 2_000;
const RESPONSE_SECONDS = 0.2;
const NGINX_PER_SECOND = 50_000;
const MACHINE_EUROS = 700;
const NGINX_EUROS = 100;
const EUROS_PER_TERABYTE = 1;

/** What one server does, as measured. */
export interface Measured {
  /** Webhooks per second while `retention` deletes as fast as messages come in. */
  readonly deliveredWithRetention: number;
  readonly delivered: number;
  /** CPU time per webhook. */
  readonly cpuMicros: number;
  readonly memoryMegabytes: number;
  readonly writtenBytes: number;
  readonly syncs: number;
  readonly storedBytes: number;
}

/** Returns the plan as Markdown. */
export function planTable(measured: Measured): string {
  const perShard = Math.floor(measured.deliveredWithRetention * PLANNED_SHARE);
  const shards = Math.ceil(WEBHOOKS_PER_SECOND / perShard);
  const machines = Math.ceil(shards / SHARDS_PER_MACHINE);
  const perMachine = WEBHOOKS_PER_SECOND / machines;
  const storedTerabytes = (measured.storedBytes * WEBHOOKS_PER_SECOND * SECONDS_PER_DAY) / 1e12;
  const outTerabytes = (WIRE_BYTES * WEBHOOKS_PER_SECOND * SECONDS_PER_DAY * 30) / 1e12;
  const nginx = Math.ceil(WEBHOOKS_PER_SECOND / NGINX_PER_SECOND);
  const rows = [
    [
      "delivered by one server while `retention` deletes as fast as messages come in",
      `${count(measured.deliveredWithRetention)}/s`,
      `measured, bench (${count(measured.delivered)}/s with one endpoint and nothing stored)`,
    ],
    [
      "share of that for which a shard is planned, for retries, backups and bursts",
      `${PLANNED_SHARE * 100} %`,
      "assumption",
    ],
    ["shards", count(shards), `${count(WEBHOOKS_PER_SECOND)} ÷ ${count(perShard)}`],
    [
      "CPU of the servers",
      `${count(measured.cpuMicros)} cores`,
      `measured, bench: ${measured.cpuMicros.toFixed(1)} µs of CPU time per webhook, without \`retention\``,
    ],
    [
      `machines with ${2 * SHARDS_PER_MACHINE} cores and 64 GiB, ${SHARDS_PER_MACHINE} shards each`,
      count(machines),
      "one shard for each two cores",
    ],
    [
      "memory of the shards",
      `${count((shards * measured.memoryMegabytes) / 1_000)} GB`,
      `measured, bench: at most ${count(measured.memoryMegabytes)} MB for each, with one endpoint`,
    ],
    [
      "written to the disks of one machine",
      `${count((measured.writtenBytes * perMachine) / 1e6)} MB/s`,
      `measured, bench: ${count(measured.writtenBytes)} bytes per webhook`,
    ],
    [
      "syncs of the disks of one machine",
      `${count(measured.syncs * perMachine)}/s`,
      `measured, bench: ${measured.syncs.toFixed(3)} per webhook at full load; with less load fewer webhooks share a sync`,
    ],
    [
      "stored with a retention of one day",
      `${count(storedTerabytes)} TB in all, ${(storedTerabytes / machines).toFixed(1)} TB for each machine`,
      `measured, sizing: ${count(measured.storedBytes)} bytes per message of 500 bytes`,
    ],
    [
      "network of one machine, in and out",
      `${((WIRE_BYTES * 8 * perMachine) / 1e9).toFixed(1)} Gbit/s each`,
      `assumption: ${count(WIRE_BYTES)} bytes per message with its headers, TLS and TCP`,
    ],
    ["traffic out of all machines", `${(outTerabytes / 1_000).toFixed(1)} PB a month`, "the same assumption"],
    [
      "open connections of one shard",
      count((WEBHOOKS_PER_SECOND * RESPONSE_SECONDS) / shards),
      `assumption: receivers respond after ${RESPONSE_SECONDS * 1_000} ms`,
    ],
    [
      "machines for nginx",
      count(nginx),
      `assumption: ${count(NGINX_PER_SECOND)} requests per second for each, with TLS`,
    ],
    [
      "cost",
      `${count(machines * MACHINE_EUROS + nginx * NGINX_EUROS)} € a month`,
      `assumption: ${machines} × ${MACHINE_EUROS} € for rented machines with 16 cores and two NVMe disks of 4 TB, ${nginx} × ${NGINX_EUROS} € for nginx, traffic included. At ${EUROS_PER_TERABYTE} € for each TB, traffic out costs ${count(outTerabytes * EUROS_PER_TERABYTE)} € more`,
    ],
  ];
  return [["what", "number", "source"], ["---", "--:", "---"], ...rows]
    .map((row) => `| ${row.join(" | ")} |`)
    .join("\n");
}

/** Returns the figures of the last bench, and the bytes of a stored message from the page on sizing. */
export async function lastMeasured(): Promise<Measured> {
  const { scenarios } = await publishedResult();
  const sizing = await Bun.file(join(PAGES, "sizing.md")).text();
  const stored = /^\| stored per message \|.* ([\d,]+) bytes \|$/m.exec(sizing);
  if (stored === null) throw new Error("The page on sizing lacks the row `stored per message`.");
  const figure = (scenario: string, name: string) => {
    const found = scenarios.find((one) => one.name === scenario)?.figures.find((one) => one.name === name);
    return spreadOf(known(found, scenario, name).values)!;
  };
  return {
    deliveredWithRetention: figure("retention", "delivered").median,
    delivered: figure("one-endpoint", "delivered").median,
    cpuMicros: figure("one-endpoint", "CPU per webhook").median,
    memoryMegabytes: figure("one-endpoint", "memory under load, at most").max,
    writtenBytes: figure("one-endpoint", "written to the disk per webhook").median,
    syncs: figure("one-endpoint", "syncs of the disk per webhook").median,
    storedBytes: Number(stored[1]!.replaceAll(",", "")),
  };
}

/** Returns the text of the page with the plan between its markers. */
export function withPlan(text: string, plan: string): string {
  return withContent(text, MARKERS, plan);
}

function known(figure: Figure | undefined, scenario: string, name: string): Figure {
  if (figure === undefined) throw new Error(`The figures lack \`${name}\` of the scenario \`${scenario}\`.`);
  return figure;
}

function count(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}

if (import.meta.main) {
  const plan = planTable(await lastMeasured());
  if (process.argv.includes("--write")) await Bun.write(PAGE, withPlan(await Bun.file(PAGE).text(), plan));
  else console.log(plan);
}
