import { describe, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { BacklogFigures } from "../../scripts/bench/backlog.ts";
import type { Comparison } from "../../scripts/bench/compare.ts";
import { median } from "../../scripts/bench/figures.ts";
import { alignColumns } from "../../scripts/bench/report.ts";
import { EXECUTABLE, executable, ROOT, run } from "../support/binary.ts";
import { temporaryDirectory } from "../support/temporary.ts";

const BENCH = [process.execPath, join(ROOT, "scripts", "bench", "run.ts")];
const TIMEOUT_MS = 120_000;

/** Runs the bench on the executable with a temporary directory of its own, which it must leave empty. */
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

const isDatabase = (file: string) => file.endsWith(".db");

const TOOLS = [
  { load: "wrk", receiver: "nginx" },
  { load: "bun", receiver: "bun" },
];

describe("the bench", () => {
  for (const { load, receiver } of TOOLS) {
    const missing = [load, receiver].filter((tool) => tool !== "bun" && Bun.which(tool) === null);
    if (missing.length > 0) console.log(`The bench is not tested with ${missing.join(" and ")}: not installed.`);
    test.skipIf(missing.length > 0)(
      `with ${load} and ${receiver}: yardstick and product deliver every message that they accept`,
      async () => {
        const time = ["--seconds=1", "--warmup=0", "--rounds=1"];
        const { runs } = await bench<Comparison>(...time, `--load=${load}`, `--receiver=${receiver}`);
        expect(runs.map((one) => one.target)).toEqual(["yardstick", "product"]);
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
      `with ${shape} every message is delivered ${perMessage} times`,
      async () => {
        const plain = ["--load=bun", "--receiver=bun", "--seconds=1", "--warmup=0", "--rounds=1"];
        const { runs } = await bench<Comparison>(...plain, ...shape.split(" "));
        expect(runs).toHaveLength(2);
        for (const one of runs) expect(one.delivered).toBe(one.accepted * perMessage);
      },
      TIMEOUT_MS,
    );
  }

  test(
    "a backlog is drained after a crash",
    async () => {
      const figures = await bench<BacklogFigures>("--backlog", "--receiver=bun", "--pending=3000", "--endpoints=3");
      expect(figures.pending).toBe(3000);
      expect(figures.drained).toBeGreaterThan(0);
    },
    TIMEOUT_MS,
  );

  test("a wrong option ends it with code 2 and a sentence that names it", async () => {
    const { code, stderr } = await run(BENCH, ["--rounds=none"]);
    expect(code).toBe(2);
    expect(stderr).toBe("--rounds wants a whole number from 1 to 20, not none. See --help.\n");
  });

  test("a build that does not start ends it with code 1, and nothing stays behind", async () => {
    using scratch = temporaryDirectory();
    const env = { TMPDIR: scratch.path };
    const { code, stderr } = await run(BENCH, ["--only=product", "--receiver=bun", "--binary=/bin/false"], { env });
    expect(code).toBe(1);
    expect(stderr).toContain("/bin/false serve ended before it said what was waited for.");
    expect(readdirSync(scratch.path)).toEqual([]);
  });

  test(
    "Ctrl-C ends its processes and removes its files",
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
      // Its children share its standard error: the end is reached when all of them have gone.
      expect(await new Response(child.stderr).text()).toBe("");
    },
    TIMEOUT_MS,
  );
});

describe("the report", () => {
  test("takes the middle of an odd number of values and the mean of the two middle ones otherwise", () => {
    expect(median([5, 1, 3])).toBe(3);
    expect(median([4, 1, 3, 2])).toBe(2.5);
    expect(median([])).toBeNaN();
  });

  test("aligns names to the left and numbers to the right", () => {
    const text = alignColumns([
      ["", "one"],
      ["long name", "1"],
    ]);
    expect(text).toBe("            one\nlong name     1");
  });
});
