import { expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { parseResult } from "../../src/bench/result.ts";
import { scenarios } from "../../src/bench/scenarios/index.ts";
import type { SizingFigures } from "../../src/bench/sizing.ts";
import { executable, programEnvironment, run } from "../support/binary.ts";
import { guideText } from "../support/guide.ts";
import { examplesIn } from "../support/readme.ts";
import { soon } from "../support/soon.ts";
import { temporaryDirectory } from "../support/temporary.ts";

const TIMEOUT_MS = 60_000;
const SHORT = ["bench", "sizing", "--seconds", "0.5", "--per-second", "200", "--connections", "8"];
const INTERRUPTED = 130;

test(
  "boathook bench sizing measures a server, prints its figures, and leaves nothing behind",
  async () => {
    using scratch = temporaryDirectory();
    const { code, stdout, stderr } = await run(executable(), [...SHORT, "--json", "--dir", scratch.path]);
    expect({ code, stderr }).toMatchObject({ code: 0 });
    const figures = JSON.parse(stdout) as SizingFigures & { cores: number };
    expect(figures).toMatchObject({ seconds: 0.5, connections: 8, bodyBytes: 500, perSecond: 200 });
    expect(figures.messages).toBeGreaterThan(100);
    expect(figures.storedBytesPerMessage).toBeGreaterThan(500);
    expect(figures.deliveredPerSecond).toBeGreaterThan(0);
    expect(figures.arrivalP99Ms).toBeGreaterThan(0);
    expect(readdirSync(scratch.path)).toEqual([]);
  },
  TIMEOUT_MS,
);

test(
  "boathook bench sizing leaves nothing behind after Ctrl-C",
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

const SHORTEST = ["--seconds", "0.5", "--rounds", "1"];
/** Scenarios whose preparation is short with few messages, and one of each other kind. */
const TRIED = ["one-endpoint", "batch-route", "receive", "history", "backlog", "lists"];

test(
  "boathook bench runs the named scenarios, writes figures and charts, compares them, and leaves nothing behind",
  async () => {
    using scratch = temporaryDirectory();
    using out = temporaryDirectory();
    const json = out.file("figures.json");
    const places = ["--dir", scratch.path, "--json", json, "--svg", out.path];
    const first = await run(executable(), ["bench", ...TRIED, ...SHORTEST, "--size", "2000", ...places]);
    expect({ code: first.code, stderr: first.stderr }).toMatchObject({ code: 0 });
    const result = parseResult(await Bun.file(json).text());
    expect(result).toMatchObject({ seconds: 0.5, rounds: 1, size: 2000 });
    expect(result.scenarios.map(({ name }) => name)).toEqual(TRIED);
    const rates = result.scenarios.flatMap(({ figures }) => figures.filter(({ unit }) => unit === "/s"));
    expect(rates).toHaveLength(5);
    for (const { values } of rates) expect(values[0]).toBeGreaterThan(0);
    expect(first.stdout).toMatch(/^delivered +[1-9]/m);
    expect(first.stdout).toMatch(/^Targets: \d+ met, \d+ missed\.$/m);
    expect(readdirSync(out.path).sort()).toEqual(["figures.json", "history.svg", "latency.svg", "throughput.svg"]);
    expect(readdirSync(scratch.path)).toEqual([]);

    const second = await run(executable(), ["bench", "latency", ...SHORTEST, "--compare", json, "--dir", scratch.path]);
    expect(second.code).toBe(0);
    expect(second.stdout).toContain("The results have no figure in common.");
    // Several scenarios also print their tables as they end.
    const tables = [first, second].map(({ stderr }) => stderr.match(/^figure /gm)?.length ?? 0);
    expect(tables).toEqual([TRIED.length, 0]);
    expect(readdirSync(scratch.path)).toEqual([]);
  },
  TIMEOUT_MS * 3,
);

test(
  "boathook bench ends its processes and removes its data after Ctrl-C",
  async () => {
    using scratch = temporaryDirectory();
    const args = ["bench", "one-endpoint", "--seconds", "60", "--dir", scratch.path];
    const child = Bun.spawn([...executable(), ...args], {
      stdio: ["ignore", "ignore", "pipe"],
      env: await programEnvironment(),
    });
    const files = () => readdirSync(scratch.path, { encoding: "utf8", recursive: true });
    await soon(files, (names) => names.some((name) => name.endsWith(".db")));
    child.kill("SIGINT");
    expect(await child.exited).toBe(INTERRUPTED);
    expect(readdirSync(scratch.path)).toEqual([]);
    // The child processes share its standard error, which ends only when all of them have ended.
    expect(await new Response(child.stderr).text()).toContain("bare loop");
  },
  TIMEOUT_MS,
);

test("boathook bench --list prints each scenario, and what it prepares if it runs only when named", async () => {
  const { code, stdout } = await run(executable(), ["bench", "--list"]);
  expect(code).toBe(0);
  const lines = stdout.trimEnd().split("\n");
  expect(lines.map((line) => line.split(" ")[0])).toEqual(scenarios.map(({ name }) => name));
  expect(lines.filter((line) => line.includes("[not by default: "))).toHaveLength(3);
});

test("boathook bench exits with code 2 for an unknown scenario and for a file without figures", async () => {
  const unknown = await run(executable(), ["bench", "none"]);
  expect(unknown).toEqual({
    ...{ code: 2, stdout: "", stderr: "There is no scenario none. boathook bench --list prints all.\n" },
  });
  const { code, stderr } = await run(executable(), ["bench", "idle", "--compare", "package.json"]);
  expect({ code, stderr }).toEqual({
    ...{ code: 2, stderr: "package.json has no figures of boathook bench: it has no machine and no scenarios.\n" },
  });
  const missing = await run(executable(), ["bench", "idle", "--svg", "/nonexistent/directory"]);
  expect(missing).toMatchObject({ code: 1, stdout: "" });
});

test("boathook bench refuses options that are out of range, and a directory that does not exist", async () => {
  const refused = await run(executable(), ["bench", "--seconds", "0"]);
  expect(refused).toMatchObject({ code: 2, stdout: "" });
  expect(refused.stderr).toContain("invalid; must be a number from 0.1 to 600.");
  const missing = await run(executable(), ["bench", "--dir", "/nonexistent/directory"]);
  const stderr = "The directory /nonexistent/directory does not exist. Create it, or give --dir another one.\n";
  expect(missing).toEqual({ code: 1, stdout: "", stderr });
});

test(
  "the command of the guide's page about sizing, with a shorter load, prints figures and a sentence about the machine",
  async () => {
    using scratch = temporaryDirectory();
    const examples = examplesIn(await guideText("sizing"));
    expect(examples.map(({ command }) => command)).toEqual(["boathook bench sizing --seconds 5"]);
    const { code, stdout } = await run(executable(), ["bench", "sizing", "--seconds", "0.5"], {
      env: { TMPDIR: scratch.path },
    });
    expect(code).toBe(0);
    expect(stdout).toMatch(/^delivered webhooks per second +[1-9]/m);
    expect(stdout).toContain("With room for peaks of 4 times the usual rate, this machine takes ");
    expect(readdirSync(scratch.path)).toEqual([]);
  },
  TIMEOUT_MS,
);
