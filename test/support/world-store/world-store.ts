import type { Fact } from "../../../src/core/fact.ts";
import type { Clock } from "../../../src/ports.ts";
import type { Store } from "../../../src/store/index.ts";

/** The data of an engine world, which survive the crash of a process. */
export interface WorldStore extends Disposable {
  /** While true, every write fails. */
  isDiskFull: boolean;
  /** Opens the data for the next process. */
  open(clock: Clock, onFact: (fact: Fact) => void): Promise<Store>;
  /** Ends the process. What it has not committed is lost, and its promises never settle. */
  crash(): Promise<void>;
  /** Resolves when everything that waits for the store has got its results and has acted on them. */
  settled(): Promise<void>;
}

/** Resolves after everything that the event loop has to do now. */
export function macrotask(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
