import type { Figure } from "./figures.ts";

/** The result of `boathook bench`, as it is written to a JSON file. */
export interface BenchResult {
  readonly version: string;
  readonly machine: string;
  /** Whether other programs used much of the machine when the bench began. */
  readonly isShared: boolean;
  readonly measuredAt: string;
  readonly seconds: number;
  readonly rounds: number;
  /** Number of messages that scenarios prepared, if it differs from that in their titles. */
  readonly size: number | null;
  readonly scenarios: readonly ScenarioResult[];
}

export interface ScenarioResult extends ScenarioOutcome {
  readonly name: string;
  readonly title: string;
}

/** What running a scenario yields. */
export interface ScenarioOutcome {
  readonly figures: readonly Figure[];
  /** Lines of a chart, if the scenario measures a cost that may grow. */
  readonly series?: readonly Series[];
}

/** CPU time per webhook by the number of stored messages. */
export interface Series {
  readonly name: string;
  readonly points: readonly (readonly [stored: number, cpuMicros: number])[];
}

/** Parses the JSON of a result. Throws if the text is anything else. */
export function parseResult(text: string): BenchResult {
  const value = JSON.parse(text) as Partial<BenchResult> | null;
  if (typeof value?.machine !== "string" || !Array.isArray(value.scenarios)) {
    throw new Error("it has no machine and no scenarios");
  }
  return value as BenchResult;
}
