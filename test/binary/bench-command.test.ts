import { expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import type { BenchFigures } from "../../src/bench/run.ts";
import { executable, programEnvironment, run } from "../support/binary.ts";
import { guideText } from "../support/guide.ts";
import { examplesIn } from "../support/readme.ts";
import { temporaryDirectory } from "../support/temporary.ts";

const TIMEOUT_MS = 60_000;
const SHORT = ["bench", "--seconds", "1", "--per-second", "200", "--connections", "8"];
const INTERRUPTED = 130;

test(
  "boathook bench measures a server, prints its figures, and leaves nothing behind",
  async () => {
    using scratch = temporaryDirectory();
    const { code, stdout, stderr } = await run(executable(), [...SHORT, "--json", "--dir", scratch.path]);
    expect({ code, stderr }).toMatchObject({ code: 0 });
    const figures = JSON.parse(stdout) as BenchFigures & { cores: number };
    expect(figures).toMatchObject({ seconds: 1, connections: 8, bodyBytes: 500, perSecond: 200 });
    expect(figures.messages).toBeGreaterThan(100);
    expect(figures.storedBytesPerMessage).toBeGreaterThan(500);
    expect(figures.deliveredPerSecond).toBeGreaterThan(0);
    expect(figures.arrivalP99Ms).toBeGreaterThan(0);
    expect(readdirSync(scratch.path)).toEqual([]);
  },
  TIMEOUT_MS,
);

test(
  "boathook bench leaves nothing behind after Ctrl-C",
  async () => {
    using scratch = temporaryDirectory();
    const child = Bun.spawn([...executable(), ...SHORT, "--seconds", "30", "--dir", scratch.path], {
      stdio: ["ignore", "ignore", "pipe"],
      env: await programEnvironment(),
    });
    let text = "";
    for await (const chunk of child.stderr) {
      text += new TextDecoder().decode(chunk);
      if (text.includes("Sending as many")) break;
    }
    expect(readdirSync(scratch.path)).toHaveLength(1);
    child.kill("SIGINT");
    expect(await child.exited).toBe(INTERRUPTED);
    expect(readdirSync(scratch.path)).toEqual([]);
  },
  TIMEOUT_MS,
);

test("boathook bench refuses options that are out of range, and a directory that does not exist", async () => {
  const refused = await run(executable(), ["bench", "--seconds", "0"]);
  expect(refused).toMatchObject({ code: 2, stdout: "" });
  expect(refused.stderr).toContain("It must be a whole number from 1 to 600.");
  const missing = await run(executable(), ["bench", "--dir", "/nonexistent/directory"]);
  const stderr = "The directory /nonexistent/directory does not exist. Create it, or give --dir another one.\n";
  expect(missing).toEqual({ code: 1, stdout: "", stderr });
});

test(
  "the command of the guide's page about sizing prints figures and a sentence about the machine",
  async () => {
    using scratch = temporaryDirectory();
    const examples = examplesIn(await guideText("sizing"));
    expect(examples.map(({ command }) => command)).toEqual(["boathook bench --seconds 5"]);
    const { code, stdout } = await run(executable(), ["bench", "--seconds", "5"], { env: { TMPDIR: scratch.path } });
    expect(code).toBe(0);
    expect(stdout).toMatch(/^delivered webhooks per second +[1-9]/m);
    expect(stdout).toContain("With room for peaks of 4 times the usual rate, this machine takes ");
    expect(readdirSync(scratch.path)).toEqual([]);
  },
  TIMEOUT_MS,
);
