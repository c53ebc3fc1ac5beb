import { loadavg } from "node:os";
import { parseArgs } from "node:util";
import { alignColumns } from "../../../src/bench/report.ts";
import { EXECUTABLE, ensureExecutable } from "../../executable.ts";
import { startProduct } from "../product.ts";
import { formatNumber } from "../report.ts";
import { TemporaryDirectory } from "../resources.ts";
import { writeLargeStore } from "../seed/write.ts";
import { measureLoads } from "./loads.ts";
import { type Figures, Meter } from "./measure.ts";
import { findRecords, type PageRequest, requestsOf } from "./requests.ts";

const HELP = `Measures the requests and pages of the admin page on a large store.

  bun run bench pages [options]

  --data-dir D      directory that "bun scripts/bench/seed.ts" has filled (otherwise one is filled first)
  --binary PATH     build to use (dist/boathook)
  --match TEXT      only requests whose path has this text
  --only T          requests, loads or both (both)
  --messages N      messages of a new directory (200000)
  --attempts N      attempts of a new directory (1000000)

Times are in ms. "cold" is the first response and "warm" the median of the next ones. "deep" is the
20th page. A search that finds nothing on its first page goes on until the first entry or the end;
"whole" is the time of all these responses. "held" is how long a ping waits beside the request, and
"cpu" what the server's main thread computes for it, both as medians. A page is "opened" in a new
document, or "clicked" on another page, until no part of it is a placeholder. On a busy machine pages
take a multiple of their time; the load of the machine is printed.`;

const NONE: Figures = { cold: NaN, warm: NaN, deep: null, whole: null, held: NaN, cpu: NaN };
/** Targets in ms. A row that misses one is marked. */
const PAGE_MS = 300;
const HELD_MS = 20;

export async function runPages(args: readonly string[]): Promise<void> {
  const options = optionsOf(args);
  if (options.help) return console.log(HELP);
  const executable = options.binary ?? EXECUTABLE;
  if (options.binary === undefined) await ensureExecutable();
  using temporary = new TemporaryDirectory();
  const dataDir = options["data-dir"] ?? temporary.file("data");
  if (options["data-dir"] === undefined) {
    const [messages, attempts] = [Number(options.messages), Number(options.attempts)];
    const broken = await writeLargeStore({ dataDir, messages, attempts, deadLetters: messages / 2, days: 85, seed: 1 });
    if (broken.length > 0) throw new Error(`The seeded data breaks rules: ${JSON.stringify(broken)}`);
  }
  await using server = await startProduct(executable, dataDir);
  console.log(`Started in ${formatNumber(server.startMs, 0)} ms.`);
  const found = await findRecords(server);
  if (options.only !== "loads") {
    const wanted = requestsOf(found).filter(({ path }) => path.includes(options.match));
    const meter = new Meter(server);
    await printRequests(meter, wanted);
    meter.stop();
  }
  if (options.only !== "requests") {
    const loads = await measureLoads(server, found);
    const rows = (loads ?? []).map((one) => [
      `/ui/#/${one.address}`,
      ...[one.opened, one.clicked].map((ms) => formatNumber(ms, 0)),
      Math.max(one.opened, one.clicked) > PAGE_MS ? "*" : "",
    ]);
    console.log(
      `Load of the machine: ${loadavg()
        .map((one) => formatNumber(one, 1))
        .join(" ")}`,
    );
    console.log(
      loads === null ? "Chromium is not installed." : alignColumns([["page", "opened", "clicked", ""], ...rows]),
    );
  }
}

async function printRequests(meter: Meter, requests: readonly PageRequest[]): Promise<void> {
  const rows: string[][] = [];
  for (const request of requests) {
    const { cold, warm, deep, whole, held, cpu } = await meter.measure(request).catch((error: Error) => {
      console.error(error.message);
      process.exitCode = 1;
      return NONE;
    });
    const isSlow = Math.max(cold, warm, deep ?? 0) > PAGE_MS || held > HELD_MS;
    const cells = [cold, warm, deep, whole, held, cpu].map((ms) => (ms === null ? "" : formatNumber(ms, 1)));
    const name = request.body === undefined ? request.path : `POST ${request.path} ${JSON.stringify(request.body)}`;
    rows.push([name.replaceAll(/\d{4}-\d\d-\d\dT[\d%A.]+Z/g, "…").slice(0, 110), ...cells, isSlow ? "*" : ""]);
  }
  console.log(alignColumns([["request", "cold", "warm", "deep", "whole", "held", "cpu", ""], ...rows]));
}

function optionsOf(args: readonly string[]) {
  const { values } = parseArgs({
    args: [...args],
    options: {
      help: { type: "boolean", default: false },
      "data-dir": { type: "string" },
      binary: { type: "string" },
      match: { type: "string", default: "" },
      only: { type: "string", default: "both" },
      messages: { type: "string", default: "200000" },
      attempts: { type: "string", default: "1000000" },
    },
  });
  return values;
}
