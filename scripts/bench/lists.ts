import { join } from "node:path";
import { median } from "../../src/bench/figures.ts";
import { alignColumns } from "../../src/bench/report.ts";
import { systemClock } from "../../src/edge/clock.ts";
import { openStore } from "../../src/store/sqlite/index.ts";
import { HISTORY_APPLICATION, seen, writeHistory } from "./history.ts";
import { formatNumber } from "./report.ts";
import { Child, TemporaryDirectory } from "./resources.ts";

/**
 * `bun scripts/bench/lists.ts [attempts]` measures the lists of a server with a million attempts,
 * or the given number. It reads each list with every filter over HTTP, from the first page to the
 * 1,000th or the last. Prints times in ms.
 */

const ATTEMPTS = 1_000_000;
const PAGES = 1000;
const TOKEN = "root-token-of-the-bench-0123456789";
const MAIN = join(import.meta.dir, "..", "..", "src", "main.ts");

const many = Array.from({ length: 250 }, (_, i) => `order.never-${i}`).join(",");
const filters: readonly string[] = [
  "",
  "status=0",
  "status=2",
  "status_code_class=500",
  "status_code_class=400",
  "status_code_class=0",
  `event_types=${seen.commonType}`,
  `event_types=${seen.rareType}`,
  `event_types=${seen.oldestType}`,
  `event_types=${seen.unknownType}`,
  `event_types=${seen.rareType},${seen.oldestType},order.changed-1`,
  `event_types=${many}`,
  `channel=${seen.commonChannel}`,
  `channel=${seen.rareChannel}`,
  `tag=${seen.commonTag}`,
  `tag=${seen.rareTag}`,
  `status=2&event_types=${seen.commonType}`,
  `status=2&event_types=${seen.rareType}`,
  `status=0&event_types=${seen.rareType}`,
  `status=2&channel=${seen.commonChannel}`,
  `channel=${seen.commonChannel}&tag=${seen.commonTag}`,
  `channel=${seen.rareChannel}&tag=${seen.rareTag}`,
];
const ofMessages = filters.filter((filter) => !filter.includes("status"));

const app = `/app/${HISTORY_APPLICATION}`;
const paths: readonly string[] = [
  ...filters.map((filter) => `${app}/attempt/endpoint/busy?${filter}`),
  ...["status=0", "status=2"].map((filter) => `${app}/attempt/endpoint/down?${filter}`),
  ...ofMessages.map((filter) => `${app}/msg?${filter}`),
  ...["", "status=0", "status=1", "status=2", "status=3", `event_types=${seen.rareType}`].flatMap((filter) =>
    ["busy", "quiet", "down"].map((endpoint) => `${app}/endpoint/${endpoint}/msg?${filter}`),
  ),
];

interface Walked {
  readonly path: string;
  readonly pages: number;
  readonly items: number;
  /** Time to read each page. */
  readonly durationsMs: readonly number[];
}

async function walk(url: string, path: string): Promise<Walked> {
  const durationsMs: number[] = [];
  let items = 0;
  let iterator = "";
  for (let done = false; !done && durationsMs.length < PAGES; ) {
    const startedAt = performance.now();
    const response = await fetch(`${url}/api/v1${path}&with_content=false${iterator}`, {
      headers: { authorization: `Bearer ${TOKEN}` },
    });
    const page = (await response.json()) as { data: unknown[]; iterator: string | null; done: boolean };
    durationsMs.push(performance.now() - startedAt);
    if (!response.ok) throw new Error(`${path}: ${response.status} ${JSON.stringify(page)}`);
    items += page.data.length;
    done = page.done;
    iterator = `&iterator=${page.iterator}`;
  }
  return { path, pages: durationsMs.length, items, durationsMs };
}

function rowOf({ path, pages, items, durationsMs }: Walked): string[] {
  const shown = path.replace(app, "").replace(many, "<250 unknown types>");
  const [first, last, worst] = [durationsMs[0]!, durationsMs.at(-1)!, Math.max(...durationsMs)];
  return [
    shown,
    String(items),
    String(pages),
    ...[first, last, median(durationsMs), worst].map((ms) => formatNumber(ms, 1)),
  ];
}

function servingUrl(line: string): string | null {
  const { msg, url } = line.startsWith("{") ? (JSON.parse(line) as { msg?: unknown; url?: unknown }) : {};
  return msg === "Serving." && typeof url === "string" ? url : null;
}

const attempts = Number(process.argv[2] ?? ATTEMPTS);
using directory = new TemporaryDirectory();
const dataDir = directory.file("data");
const store = await openStore({
  dataDir,
  sync: "normal",
  encryptionKey: null,
  clock: systemClock,
  onFact: () => {},
  exclusive: true,
});
const startedAt = performance.now();
await writeHistory(store, attempts);
await store.close();
console.log(`${attempts} attempts written in ${formatNumber((performance.now() - startedAt) / 1000, 0)} s`);

const args = ["serve", "--port=0", `--data-dir=${dataDir}`, "--log-format=json"];
await using server = new Child([process.execPath, MAIN, ...args], { BOATHOOK_ROOT_TOKEN: TOKEN });
const url = await server.waitForLine(servingUrl);
const rows: string[][] = [];
for (const path of paths) rows.push(rowOf(await walk(url, path)));
const header = ["list", "items", "pages", "page 1", "last page", "median", "worst"];
console.log(alignColumns([header, ...rows]));
