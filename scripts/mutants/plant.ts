import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Finished, run } from "./command.ts";
import type { Mutant } from "./mutant.ts";

/** A test that takes longer than this counts as hanging, and so as detecting the fault. */
const TIMEOUT_MS = 120_000;
const FAILED_TEST = /^\(fail\) (?<name>.*?)(?: \[[\d.]+ms\])?$/m;

export interface Result {
  readonly outcome: "caught" | "survived" | "must be updated";
  /** The first test that failed, or the reason why the mutant cannot be used. */
  readonly detail: string;
  readonly seconds: number;
}

/** Plants mutants in a copy of the repository, one at a time. */
export class Planter {
  /** For each test command, why it fails without a fault, or null if it passes. */
  readonly #problems = new Map<string, string | null>();

  constructor(private readonly copy: string) {}

  /** Plants one mutant, runs its test and restores the file. */
  async try(mutant: Mutant): Promise<Result> {
    const path = join(this.copy, mutant.file);
    const source = await readFile(path, "utf8").catch(() => "");
    const problem = textProblem(mutant, source) ?? (await this.#problemOf(mutant.test));
    if (problem !== null) return { outcome: "must be updated", detail: problem, seconds: 0 };
    await writeFile(path, mutated(mutant, source));
    try {
      return resultOf(mutant, await this.#run(mutant.test));
    } finally {
      await writeFile(path, source);
    }
  }

  /** Runs the test without a fault. Returns null if it passes, or the reason why it fails. */
  async #problemOf(test: string): Promise<string | null> {
    const known = this.#problems.get(test);
    if (known !== undefined) return known;
    const { ending, output } = await this.#run(test);
    const problem = ending === "passed" ? null : `the test fails without the fault: ${failedTest(output) ?? ending}`;
    this.#problems.set(test, problem);
    return problem;
  }

  #run(test: string): Promise<Finished> {
    // With Bun's default of 5 s, long tests fail while other programs use the machine.
    return run(test.replace(/^bun test /, "bun test --bail --timeout=60000 "), this.copy, TIMEOUT_MS);
  }
}

function textProblem(mutant: Mutant, source: string): string | null {
  const count = source.split(mutant.find).length - 1;
  if (count !== 1) return `the text occurs ${count} times in ${mutant.file}`;
  if (mutant.find === mutant.replace) return "the replacement changes nothing";
  try {
    new Bun.Transpiler({ loader: "ts" }).transformSync(mutated(mutant, source));
    return null;
  } catch {
    return "the changed file has a syntax error";
  }
}

function mutated({ find, replace }: Mutant, source: string): string {
  return source.split(find).join(replace);
}

function resultOf({ test }: Mutant, { ending, output, seconds }: Finished): Result {
  if (ending === "passed") return { outcome: "survived", detail: test, seconds };
  if (ending === "timed out") return { outcome: "caught", detail: "the test hangs", seconds };
  const detail = failedTest(output);
  if (detail !== null) return { outcome: "caught", detail, seconds };
  // This happens, for example, if a module does not load, which any test would detect.
  const isTest = test.startsWith("bun test ");
  return {
    outcome: isTest ? "must be updated" : "caught",
    detail: "the command failed without a failed test",
    seconds,
  };
}

function failedTest(output: string): string | null {
  return FAILED_TEST.exec(output)?.groups?.name ?? null;
}
