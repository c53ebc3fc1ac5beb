import { mkdir, rm } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { dirname, join } from "node:path";
import { EXECUTABLE } from "./executable.ts";
import { fuzz } from "./fuzz.ts";
import { checkSdks } from "./sdks/check.ts";
import { readTestReport, type TestReport } from "./test-report.ts";
import { installTestTools } from "./test-tools.ts";

/**
 * `bun run check` runs all checks. It continues after a failure, so that one run shows all failures.
 * Each step before the tests counts as one check, and so does each test. `--sdks` adds the round
 * trips of `bun run check:sdks`, whose steps count as one check each. `--fuzz` adds `bun run fuzz`.
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

/** The tests often wait for a browser or a program, so there are more processes than cores. */
const TEST_PROCESSES = availableParallelism() + 1;
/** How long the longest test files take, in ms. They begin first, so that none of them is the last. */
const DURATIONS = "test/durations.json";
const REPORT = join(ROOT, "dist", "tests.xml");

/** Runs Bun. */
async function run(args: readonly string[]): Promise<{ ok: boolean; ending: string }> {
  const child = Bun.spawn([process.execPath, ...args], {
    cwd: ROOT,
    stdio: ["ignore", "inherit", "inherit"],
    // The API tests run against the new executable instead of the sources.
    env: { ...process.env, TEST_EXECUTABLE: EXECUTABLE },
  });
  await child.exited;
  const ending = child.signalCode === null ? `code ${child.exitCode}` : `signal ${child.signalCode}`;
  return { ok: child.exitCode === 0, ending };
}

async function runStep(step: Step, summary: string[]): Promise<boolean> {
  console.log(`\n── ${step.name}`);
  const { ok, ending } = await run(step.args);
  summary.push(`${ok ? "passed" : "FAILED"}  ${step.name}${ok ? "" : ` (${ending})`}`);
  return ok;
}

/** Runs the tests. Each file has a global scope of its own, and nothing of it is left for the next file. */
async function runTests(summary: string[]): Promise<Counts> {
  console.log("\n── tests");
  await mkdir(dirname(REPORT), { recursive: true });
  await rm(REPORT, { force: true });
  const { ok, ending } = await run([
    ...["test", `--timeout=${HANGING_MS}`, `--parallel=${TEST_PROCESSES}`, `--timings=${DURATIONS}`],
    ...["--reporter=junit", `--reporter-outfile=${REPORT}`],
  ]);
  const file = Bun.file(REPORT);
  const report = (await file.exists()) ? readTestReport(await file.text()) : null;
  const counts = countTests(report, ok);
  const { passed, failed, skipped } = counts;
  summary.push(`${failed === 0 ? "passed" : "FAILED"}  tests: ${passed} passed, ${failed} failed, ${skipped} skipped`);
  if (report === null) summary.push(`        the tests have no report (${ending})`);
  else if (!ok && report.failures === 0) summary.push(`        the tests ended with ${ending}`);
  for (const name of report?.failedNames ?? []) summary.push(`        failed: ${name}`);
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

async function runSdks(summary: string[]): Promise<Counts> {
  try {
    const { lines, ...counts } = await checkSdks();
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
for (const step of STEPS) {
  const ok = await runStep(step, summary);
  total[ok ? "passed" : "failed"] += 1;
  if (step.name === "build") built = ok;
}
if (built) {
  add(await runTests(summary));
  if (process.argv.includes("--sdks")) add(await runSdks(summary));
  if (process.argv.includes("--fuzz")) add(await runFuzz(summary));
} else {
  summary.push("not run  tests: the executable was not built");
}

console.log(`\n── summary\n${summary.join("\n")}\n`);
const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : "";
console.log(`${total.passed} passed, ${total.failed} failed${skipped}`);
process.exit(total.failed === 0 ? 0 : 1);
