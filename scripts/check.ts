import { closeSync, openSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
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

/** Tests that run at the same time as other groups. The tests of a group run one after another. */
interface Group {
  readonly name: string;
  readonly args: readonly string[];
}

/** The folders that take half of the time. */
const HALF = ["test/browser", "test/api", "test/store", "test/sim"];
/** Tests often wait for a browser or a program. Two groups at the same time use both cores of a small machine. */
const GROUPS: readonly Group[] = [
  { name: "other tests", args: HALF.map((folder) => `--path-ignore-patterns=${folder}/**`) },
  { name: "tests of pages, API, store and simulation", args: HALF },
];

/** Runs Bun. Its output is written to a file if one is given. */
async function run(args: readonly string[], output?: string): Promise<{ ok: boolean; ending: string }> {
  // Standard output and error share one open file, so that neither overwrites the other.
  const to = output === undefined ? "inherit" : openSync(output, "w");
  const child = Bun.spawn([process.execPath, ...args], {
    cwd: ROOT,
    stdio: ["ignore", to, to],
    // The API tests run against the new executable instead of the sources.
    env: { ...process.env, TEST_EXECUTABLE: EXECUTABLE },
  });
  await child.exited;
  if (to !== "inherit") closeSync(to);
  const ending = child.signalCode === null ? `code ${child.exitCode}` : `signal ${child.signalCode}`;
  return { ok: child.exitCode === 0, ending };
}

async function runStep(step: Step, summary: string[]): Promise<boolean> {
  console.log(`\n── ${step.name}`);
  const { ok, ending } = await run(step.args);
  summary.push(`${ok ? "passed" : "FAILED"}  ${step.name}${ok ? "" : ` (${ending})`}`);
  return ok;
}

/** Runs all groups of tests. The output of the first group is seen at once, the others' afterwards. */
async function runTests(summary: string[]): Promise<Counts[]> {
  console.log("\n── tests");
  await mkdir(join(ROOT, "dist"), { recursive: true });
  const running = GROUPS.map((group, index) => runGroup(group, index, summary));
  const counts: Counts[] = [];
  for (const [index, group] of running.entries()) {
    counts.push(await group);
    if (index > 0) console.log(`\n── ${GROUPS[index]!.name}\n${await Bun.file(fileOf(index, "txt")).text()}`);
  }
  return counts;
}

const fileOf = (index: number, ending: string) => join(ROOT, "dist", `tests-${index}.${ending}`);

async function runGroup({ name, args }: Group, index: number, summary: string[]): Promise<Counts> {
  const reportFile = fileOf(index, "xml");
  await rm(reportFile, { force: true });
  const { ok, ending } = await run(
    ["test", `--timeout=${HANGING_MS}`, "--reporter=junit", `--reporter-outfile=${reportFile}`, ...args],
    index === 0 ? undefined : fileOf(index, "txt"),
  );
  const file = Bun.file(reportFile);
  const report = (await file.exists()) ? readTestReport(await file.text()) : null;
  const counts = countTests(report, ok);
  const { passed, failed, skipped } = counts;
  summary.push(
    `${failed === 0 ? "passed" : "FAILED"}  ${name}: ${passed} passed, ${failed} failed, ${skipped} skipped`,
  );
  if (report === null) summary.push(`        the test process wrote no report (${ending})`);
  else if (!ok && report.failures === 0) summary.push(`        the test process ended with ${ending}`);
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
  for (const counts of await runTests(summary)) add(counts);
  if (process.argv.includes("--sdks")) add(await runSdks(summary));
  if (process.argv.includes("--fuzz")) add(await runFuzz(summary));
} else {
  summary.push("not run  tests: the executable was not built");
}

console.log(`\n── summary\n${summary.join("\n")}\n`);
const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : "";
console.log(`${total.passed} passed, ${total.failed} failed${skipped}`);
process.exit(total.failed === 0 ? 0 : 1);
