import { describeMachine, isBusy } from "./machine.ts";
import { scenarioTable } from "./report.ts";
import type { BenchResult, ScenarioResult } from "./result.ts";
import type { Scenario, ScenarioContext } from "./scenario.ts";
import type { Workplace } from "./workplace.ts";

export interface RunOptions {
  readonly version: string;
  readonly scenarios: readonly Scenario[];
  readonly seconds: number;
  readonly rounds: number;
  readonly size: number | null;
}

/** What is called while scenarios run. */
export interface RunListener {
  /** Gets each step, and the table of each scenario if there are several. */
  onProgress(text: string): void;
  /** Gets the result so far after each scenario. */
  onResult(result: BenchResult): Promise<void>;
}

/** Runs scenarios one after another. */
export async function runScenarios(
  work: Workplace,
  { scenarios, version, ...options }: RunOptions,
  { onProgress, onResult }: RunListener,
): Promise<BenchResult> {
  const isShared = isBusy();
  const machine = machineOf(work);
  const measuredAt = new Date().toISOString();
  onProgress(machine);
  const results: ScenarioResult[] = [];
  const result = { version, machine, isShared, measuredAt, ...options, scenarios: results };
  for (const [i, { name, title, run }] of scenarios.entries()) {
    onProgress(`\n${name} (${i + 1} of ${scenarios.length}): ${title}`);
    const context: ScenarioContext = { ...options, work, onProgress: (text) => onProgress(`${name}: ${text}`) };
    const outcome = await run(context);
    // The report of a single scenario has the same table.
    if (scenarios.length > 1) onProgress(scenarioTable(outcome));
    results.push({ name, title, ...outcome });
    await onResult(result);
  }
  return result;
}

function machineOf(work: Workplace): string {
  using directory = work.directory();
  return describeMachine(directory.path);
}
