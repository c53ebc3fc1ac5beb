import { mkdir, rm } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { dirname, join } from "node:path";
import { EXECUTABLE } from "./executable.ts";
import { fuzz } from "./fuzz.ts";
import { memoryDirectory } from "./memory-directory.ts";
import { checkSdks } from "./sdks/check.ts";
import { LANGUAGES } from "./sdks/language.ts";
import type { TestPostgres } from "./test-postgres.ts";
import { readTestReport, type TestReport } from "./test-report.ts";
import { installTestTools } from "./test-tools.ts";

/**
 * `bun run check` runs all checks. It continues after a failure, so that one run shows all failures.
 * Each step before the tests counts as one check, and so does each test. `--postgres` adds the tests that
 * run on either store with the data in PostgreSQL. `--sdks` adds the round trips of
 * `bun run check:sdks`, whose steps count as one check each, with `--postgres` on both stores. `--fuzz`
 * adds `bun run fuzz`.
 */

const ROOT = join(import.meta.dir, "..");
/**
 * After this time a test is taken to hang. With Bun's default of 5 s, long property tests fail while
 * other programs use the machine.
 */
const HANGING_MS = 60_000;

interface Step {
  readonly name: string;
  /**
   * Arguments for `bun`. The step runs in the same Bun executable as this script, so nothing else
   * has to be installed.
   */
  readonly args: readonly string[];
}

interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

const STEPS: readonly Step[] = [
  { name: "format and lint", args: ["node_modules/@biomejs/biome/bin/biome", "check", "--error-on-warnings", "."] },
  { name: "types", args: ["node_modules/typescript/bin/tsc", "--noEmit"] },
  { name: "build", args: ["scripts/build.ts"] },
];

/**
 * The tests often wait for a browser or a program, so there are more processes than cores. PostgreSQL takes
 * the place of one.
 */
const TEST_PROCESSES = availableParallelism() + 1;
const TEST_PROCESSES_ON_POSTGRES = availableParallelism();
/** How long the longest test files take, in ms. They begin first, so that none of them is the last. */
const DURATIONS = "test/durations.json";

interface TestRun {
  readonly name: string;
  /** Name of the report in `dist`. */
  readonly report: string;
  /** Empty means all tests. */
  readonly paths: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly processes: number;
}

const ALL_TESTS: TestRun = { name: "tests", report: "tests.xml", paths: [], env: {}, processes: TEST_PROCESSES };

/** Runs Bun. */
async function run(args: readonly string[], env: TestRun["env"] = {}): Promise<{ ok: boolean; ending: string }> {
  const child = Bun.spawn([process.execPath, ...args], {
    cwd: ROOT,
    stdio: ["ignore", "inherit", "inherit"],
    // The API tests run against the new executable instead of the sources.
    env: { ...process.env, TEST_EXECUTABLE: EXECUTABLE, ...env },
  });
  await child.exited;
  return endingOf(child);
}

function endingOf({ exitCode, signalCode }: Bun.Subprocess): { ok: boolean; ending: string } {
  return { ok: exitCode === 0, ending: signalCode === null ? `code ${exitCode}` : `signal ${signalCode}` };
}

/** Runs a step and prints its output when it ends, because the steps run at the same time. */
async function runStep({ name, args }: Step): Promise<{ name: string; ok: boolean; line: string }> {
  const child = Bun.spawn([process.execPath, ...args], { cwd: ROOT, stdio: ["ignore", "pipe", "pipe"] });
  const output = await Promise.all([child.stdout, child.stderr].map((stream) => new Response(stream).text()));
  await child.exited;
  console.log(`\n── ${name}\n${output.join("")}`);
  const { ok, ending } = endingOf(child);
  return { name, ok, line: `${ok ? "passed" : "FAILED"}  ${name}${ok ? "" : ` (${ending})`}` };
}

/** Runs tests. Each file has a global scope of its own, and nothing of it is left for the next file. */
async function runTests(tests: TestRun, summary: string[]): Promise<Counts> {
  const { name, report: reportName, paths, env, processes } = tests;
  console.log(`\n── ${name}`);
  const begunAt = performance.now();
  const path = join(ROOT, "dist", reportName);
  await mkdir(dirname(path), { recursive: true });
  await rm(path, { force: true });
  const options = [
    ...["test", `--timeout=${HANGING_MS}`, `--parallel=${processes}`, `--timings=${DURATIONS}`],
    ...["--reporter=junit", `--reporter-outfile=${path}`],
  ];
  const { ok, ending } = await run([...options, ...paths], env);
  const file = Bun.file(path);
  const report = (await file.exists()) ? readTestReport(await file.text()) : null;
  const counts = countTests(report, ok);
  const { passed, failed, skipped } = counts;
  const seconds = Math.round((performance.now() - begunAt) / 1000);
  summary.push(
    `${failed === 0 ? "passed" : "FAILED"}  ${name}: ${passed} passed, ${failed} failed, ${skipped} skipped (${seconds} s)`,
  );
  if (report === null) summary.push(`        the tests have no report (${ending})`);
  else if (!ok && report.failures === 0) summary.push(`        the tests ended with ${ending}`);
  for (const { name, lines } of report?.failed ?? []) {
    summary.push(`        failed: ${name}`, ...lines.map((line) => `            ${line}`));
  }
  for (const name of report?.skippedNames ?? []) summary.push(`        skipped: ${name}`);
  return counts;
}

/**
 * Counts the tests of a report. A test process that crashed, failed outside its tests or ran no
 * tests counts as one failure.
 */
function countTests(report: TestReport | null, ok: boolean): Counts {
  if (report === null) return { passed: 0, failed: 1, skipped: 0 };
  const passed = report.tests - report.failures - report.skipped;
  const broken = report.failures === 0 && (!ok || passed === 0);
  return { passed, failed: report.failures + (broken ? 1 : 0), skipped: report.skipped };
}

async function runOnPostgres(postgres: TestPostgres | null, summary: string[]): Promise<Counts> {
  if (postgres === null) {
    summary.push("skipped tests on PostgreSQL: PostgreSQL is missing");
    return { passed: 0, failed: 0, skipped: 1 };
  }
  const { testsOnEitherStore } = await import("./test-postgres.ts");
  const tests = { paths: testsOnEitherStore(), env: postgres.env, processes: TEST_PROCESSES_ON_POSTGRES };
  return runTests({ name: "tests on PostgreSQL", report: "tests-postgres.xml", ...tests }, summary);
}

async function runSdks(postgres: TestPostgres | null, summary: string[]): Promise<Counts> {
  try {
    const { lines, ...counts } = await checkSdks(LANGUAGES, postgres?.server ?? null);
    summary.push(...lines);
    return counts;
  } catch (error) {
    summary.push(`FAILED  SDKs: ${error instanceof Error ? error.message : error}`);
    return { passed: 0, failed: 1, skipped: 0 };
  }
}

async function runFuzz(summary: string[]): Promise<Counts> {
  const { outcome, line } = await fuzz();
  summary.push(line);
  return { passed: 0, failed: 0, skipped: 0, [outcome]: 1 };
}

function add(counts: Counts): void {
  total.passed += counts.passed;
  total.failed += counts.failed;
  total.skipped += counts.skipped;
}

const summary: string[] = installTestTools().map((line) => `note    ${line}`);
const total: Counts = { passed: 0, failed: 0, skipped: 0 };
let built = true;
for (const { name, ok, line } of await Promise.all(STEPS.map(runStep))) {
  summary.push(line);
  total[ok ? "passed" : "failed"] += 1;
  if (name === "build") built = ok;
}
if (built) {
  // The tests make thousands of stores, databases and profiles of browsers, and would wait for the disk.
  const memory = process.env.TMPDIR === undefined ? memoryDirectory() : null;
  if (memory !== null) process.env.TMPDIR = memory;
  add(await runTests(ALL_TESTS, summary));
  const isOnPostgres = process.argv.includes("--postgres");
  // Loaded here, because it looks for the programs that were installed above.
  await using postgres = isOnPostgres ? await (await import("./test-postgres.ts")).startTestPostgres() : null;
  if (isOnPostgres) add(await runOnPostgres(postgres, summary));
  // Toolchains keep more than tests.
  if (memory !== null) delete process.env.TMPDIR;
  if (process.argv.includes("--sdks")) add(await runSdks(postgres, summary));
  if (process.argv.includes("--fuzz")) add(await runFuzz(summary));
} else {
  summary.push("not run  tests: the executable was not built");
}

console.log(`\n── summary\n${summary.join("\n")}\n`);
const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : "";
console.log(`${total.passed} passed, ${total.failed} failed${skipped}`);
process.exitCode = total.failed === 0 ? 0 : 1;
