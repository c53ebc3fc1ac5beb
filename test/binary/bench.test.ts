import { describe, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { BacklogFigures } from "../../scripts/bench/backlog.ts";
import { type Phase, report } from "../../scripts/bench/backup/phase.ts";
import type { Comparison } from "../../scripts/bench/compare.ts";
import { labelOf, type Run, ratios } from "../../scripts/bench/figures.ts";
import { PATH_NAMES } from "../../scripts/bench/path.ts";
import { table } from "../../scripts/bench/report.ts";
import { TemporaryDirectory } from "../../scripts/bench/resources.ts";
import { product } from "../../scripts/bench/target.ts";
import { median } from "../../src/bench/figures.ts";
import { alignColumns } from "../../src/bench/report.ts";
import { EXECUTABLE, executable, ROOT, run } from "../support/binary.ts";
import { startReceiver } from "../support/receiver.ts";
import { temporaryDirectory } from "../support/temporary.ts";

const BENCH = [process.execPath, join(ROOT, "scripts", "bench", "run.ts")];
const TIMEOUT_MS = 120_000;

/**
 * Runs the bench on the executable with a separate temporary directory, which the bench must leave
 * empty.
 */
async function bench<Figures>(...args: string[]): Promise<Figures> {
  executable();
  using figures = temporaryDirectory();
  using scratch = temporaryDirectory();
  const json = figures.file("figures.json");
  const env = { TMPDIR: scratch.path };
  const { code, stderr } = await run(BENCH, [...args, `--binary=${EXECUTABLE}`, `--json=${json}`], { env });
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(readdirSync(scratch.path)).toEqual([]);
  return (await Bun.file(json).json()) as Figures;
}

/** One short round, without tools that may be missing. Each connection sends at least one request. */
const SHORT = ["--seconds=0.2", "--warmup=0", "--rounds=1"];
const PLAIN = ["--load=bun", "--receiver=bun", ...SHORT];

const isDatabase = (file: string) => file.endsWith(".db");

const TOOLS = [
  // wrk knows only whole seconds. The paths are those with each kind of host and of token.
  {
    ...{ load: "wrk", receiver: "nginx", time: ["--seconds=1", "--warmup=0", "--rounds=1"] },
    paths: ["address/root", "named/token"],
  },
  { load: "bun", receiver: "bun", time: SHORT, paths: PATH_NAMES },
];

describe("the bench", () => {
  test(
    "the bench of the door stores and delivers every signed request, none of them as a duplicate",
    async () => {
      const { runs, ratios: found } = await bench<Comparison>("receive", ...PLAIN);
      expect(runs.map(labelOf)).toEqual(["product address/root", "door"]);
      for (const one of runs) {
        expect(one).toMatchObject({ failed: 0, delivered: one.accepted });
        expect(one.accepted).toBeGreaterThanOrEqual(one.answered);
      }
      expect(Object.keys(found)).toEqual(["door/product address/root"]);
    },
    TIMEOUT_MS,
  );

  for (const { load, receiver, time, paths } of TOOLS) {
    const missing = [load, receiver].filter((tool) => tool !== "bun" && Bun.which(tool) === null);
    if (missing.length > 0) console.log(`The bench is not tested with ${missing.join(" and ")}: not installed.`);
    test.skipIf(missing.length > 0)(
      `the bench with ${load} and ${receiver} runs the yardstick, and the product on ${paths.length} paths, and both deliver every accepted message`,
      async () => {
        const { runs } = await bench<Comparison>(
          ...time,
          `--paths=${paths}`,
          `--load=${load}`,
          `--receiver=${receiver}`,
        );
        expect(runs.map(labelOf)).toEqual(["yardstick", ...paths.map((path) => `product ${path}`)]);
        for (const one of runs) {
          expect(one.answered).toBeGreaterThan(0);
          expect(one.failed).toBe(0);
          expect(one.accepted).toBeGreaterThanOrEqual(one.answered);
          expect(one.delivered).toBe(one.accepted);
          expect(one.received).toBeGreaterThanOrEqual(one.delivered);
        }
      },
      TIMEOUT_MS,
    );
  }

  for (const [shape, perMessage] of [
    ["--endpoints=3", 3],
    ["--endpoints=3 --spread", 1],
  ] as const) {
    test(
      `the bench with ${shape} delivers every message ${perMessage} times`,
      async () => {
        const { runs } = await bench<Comparison>(...PLAIN, "--paths=named/token", ...shape.split(" "));
        expect(runs).toHaveLength(2);
        for (const one of runs) expect(one.delivered).toBe(one.accepted * perMessage);
      },
      TIMEOUT_MS,
    );
  }

  test(
    "the bench runs two builds in turn on each chosen path and compares them round by round",
    async () => {
      const options = ["--only=product", `--against=${EXECUTABLE}`, "--paths=named/token,address/root"];
      const { runs, medians, ratios } = await bench<Comparison>(...PLAIN, "--rounds=2", ...options);
      const round = ["product named/token", "against named/token", "product address/root", "against address/root"];
      const reversed = ["against named/token", "product named/token", "against address/root", "product address/root"];
      expect(runs.map(labelOf)).toEqual([...round, ...reversed]);
      expect(Object.keys(medians)).toEqual(round);
      expect(Object.keys(ratios)).toEqual(["product/against named/token", "product/against address/root"]);
    },
    TIMEOUT_MS,
  );

  test(
    "the bench drains a backlog after a crash",
    async () => {
      const figures = await bench<BacklogFigures>("--backlog", "--receiver=bun", "--pending=3000", "--endpoints=3");
      expect(figures.pending).toBe(3000);
      expect(figures.drained).toBeGreaterThan(0);
    },
    TIMEOUT_MS,
  );

  test(
    "the bench of backups measures the load without and with backups and a replica, in alternating order",
    async () => {
      const args = ["--seconds=0.3", "--warmup=0.1", "--database=1", "--load=bun", "--receiver=bun"];
      const measure = (...more: string[]) => bench<{ readonly phases: readonly Phase[] }>("backup", ...args, ...more);
      const { phases: ofBackups } = await measure("--only=backup", "--rounds=2");
      const { phases: ofReplicas } = await measure("--only=replica", "--rounds=1");
      const phases = [...ofBackups, ...ofReplicas];
      const names = ["no backup", "backups", "backups", "no backup", "no replica", "replica", "first copy"] as const;
      expect(phases.map(({ name }) => name)).toEqual([...names]);
      for (const { name, failed, accepted, delivered, backups } of phases) {
        expect({ name, failed, delivered, hasBackups: backups.length > 0 }).toEqual({
          ...{ name, failed: 0, delivered: accepted, hasBackups: name === "backups" },
        });
        expect(accepted).toBeGreaterThan(0);
      }
      const [, , row] = report(phases).split("\n");
      expect(row).toMatch(/^backups .* \d+ % \(\d+–\d+\) /);
    },
    TIMEOUT_MS,
  );

  test("with an invalid option, the bench exits with code 2 and names the option", async () => {
    const { code, stderr } = await run(BENCH, ["--rounds=none"]);
    expect(code).toBe(2);
    expect(stderr).toBe("--rounds must be a whole number from 1 to 20, but is none. See --help.\n");
  });

  test.each([
    [
      ["--paths=address/root,name/root"],
      "--paths must be address/root or address/token or named/root or named/token, but is name/root.",
    ],
    [["--backlog", "--paths=address/root"], "--paths cannot be used with --backlog, which always uses address/root."],
  ])("the bench refuses %j and gives the reason", async (args, sentence) => {
    const { code, stderr } = await run(BENCH, args);
    expect({ code, stderr }).toEqual({ code: 2, stderr: `${sentence} See --help.\n` });
  });

  test("the bench exits with code 1 and leaves nothing behind if a build does not start", async () => {
    using scratch = temporaryDirectory();
    const env = { TMPDIR: scratch.path };
    const { code, stderr } = await run(BENCH, ["--only=product", "--receiver=bun", "--binary=/bin/false"], { env });
    expect(code).toBe(1);
    expect(stderr).toContain("/bin/false serve exited before it printed the expected line.");
    expect(readdirSync(scratch.path)).toEqual([]);
  });

  test(
    "the bench ends its processes and removes its files on Ctrl-C",
    async () => {
      using scratch = temporaryDirectory();
      const child = Bun.spawn([...BENCH, "--only=yardstick", "--receiver=bun", "--load=bun", "--seconds=30"], {
        env: { ...process.env, TMPDIR: scratch.path },
        stdio: ["ignore", "ignore", "pipe"],
      });
      const isUnderWay = () => readdirSync(scratch.path, { encoding: "utf8", recursive: true }).some(isDatabase);
      while (!isUnderWay()) await Bun.sleep(20);
      child.kill("SIGINT");
      expect(await child.exited).toBe(130);
      expect(readdirSync(scratch.path)).toEqual([]);
      // The child processes share the bench's standard error, so it ends only when all of them have
      // exited.
      expect(await new Response(child.stderr).text()).toBe("");
    },
    TIMEOUT_MS,
  );
});

describe("a path of the bench", () => {
  const expected = [
    ["address/root", "127.0.0.1", "GlobalAuthToken"],
    ["address/token", "127.0.0.1", "RegionalAuthToken"],
    ["named/root", "localhost", "GlobalAuthToken"],
    ["named/token", "localhost", "RegionalAuthToken"],
  ] as const;
  test.each(expected)(
    "the bench path %s delivers to %s and sends with a %s",
    async (path, host, permissionSource) => {
      executable();
      await using receiver = startReceiver();
      using directory = new TemporaryDirectory();
      const target = product("product", EXECUTABLE, { endpoints: 1, spread: false }, path);
      await using running = await target.start(directory, receiver.url);
      const { messagesUrl, headers } = running;

      const whoami = await fetch(new URL("/api/v1/auth/whoami", messagesUrl), { headers });
      expect(await whoami.json()).toMatchObject({ permissionSource, appId: null });

      const body = JSON.stringify({ eventType: "order.paid", payload: {} });
      expect((await fetch(messagesUrl, { method: "POST", headers, body })).status).toBe(202);
      const [delivery] = await receiver.arrived(1);
      expect(delivery?.headers.get("host")).toBe(`${host}:${receiver.port}`);
    },
    TIMEOUT_MS,
  );
});

describe("the report", () => {
  const runOf = (round: number, target: Run["target"], path: Run["path"], value: number): Run => ({
    target,
    path,
    round,
    accepted: 1,
    answered: 1,
    failed: 0,
    delivered: 1,
    received: 1,
    deliveredPerSecond: value,
    cpuMicrosPerDelivered: value,
    acceptP50Ms: value,
    acceptP99Ms: value,
    memoryPeakMb: value,
  });

  test("the report divides only figures of the same round and path, and gives the median, lowest and highest ratio", () => {
    const runs = [
      runOf(1, "yardstick", null, 100),
      runOf(1, "product", "named/token", 50),
      runOf(1, "against", "named/token", 40),
      runOf(1, "product", "address/root", 75),
      runOf(1, "against", "address/root", 75),
      runOf(2, "yardstick", null, 8),
      runOf(2, "product", "named/token", 6),
      runOf(2, "against", "named/token", 8),
      runOf(2, "product", "address/root", 9),
      runOf(2, "against", "address/root", 3),
    ];
    const found = ratios(runs);
    expect([...found].map(([label, { acceptP50Ms }]) => [label, acceptP50Ms])).toEqual([
      ["product/yardstick named/token", { median: 0.625, min: 0.5, max: 0.75 }],
      ["product/yardstick address/root", { median: 0.9375, min: 0.75, max: 1.125 }],
      ["product/against named/token", { median: 1, min: 0.75, max: 1.25 }],
      ["product/against address/root", { median: 2, min: 1, max: 3 }],
    ]);
    expect(table(new Map(), found)).toContain("0.94 (0.75–1.13)");
  });

  test("the report shows a ratio of a single round without a range", () => {
    const found = ratios([runOf(1, "product", "named/root", 3), runOf(1, "against", "named/root", 2)]);
    const [, row] = table(new Map(), found).split("\n");
    expect(row?.split(/ {2,}/)).toEqual(["product/against named/root", "1.50", "1.50", "1.50", "1.50", "1.50"]);
  });

  test("the median is the middle value, or the mean of the two middle values", () => {
    expect(median([5, 1, 3])).toBe(3);
    expect(median([4, 1, 3, 2])).toBe(2.5);
    expect(median([])).toBeNaN();
  });

  test("the report aligns names to the left and numbers to the right", () => {
    const text = alignColumns([
      ["", "one"],
      ["long name", "1"],
    ]);
    expect(text).toBe("            one\nlong name     1");
  });
});
