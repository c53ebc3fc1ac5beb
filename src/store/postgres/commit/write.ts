import type { Seq } from "../../../core/id.ts";
import type { Queries } from "../connection/database.ts";
import type { Opened, Opening } from "./opening.ts";

/** Runs the statements of a transaction. */
export type Transaction = Queries;

/**
 * Work of one kind that is done for many writes at once, with a few statements. `run` returns the
 * result of each input, in order.
 */
export interface BatchVerb<Input = never, Result = unknown> {
  /** Returns what the statement that begins a transaction can do of the work, or null. */
  opening(inputs: readonly Input[]): Promise<Opening | null>;
  /** Does the work, or the rest of it if the opening was run. */
  run(transaction: Transaction, inputs: readonly Input[], opened: Opened | null): Promise<readonly Result[]>;
}

/** Divides the results of all calls of a batch verb among the calls, in order. */
export function resultsOfCalls<Input, Result>(
  calls: ReadonlyArray<readonly Input[]>,
  results: readonly Result[],
): Result[][] {
  let at = 0;
  return calls.map(({ length }) => {
    at += length;
    return results.slice(at - length, at);
  });
}

/**
 * A write that waits for a commit. `run` may run more than once, so it must change nothing but the
 * database.
 */
export interface Write {
  run(transaction: Transaction): Promise<unknown>;
  /** Present if the write can be done together with others of the same verb. */
  readonly batch?: { readonly verb: BatchVerb; readonly input: unknown };
  /** Approximate number of rows that the write changes. */
  readonly rows: number;
  /** The smallest number of the messages that the write stores. Absent if it stores none. */
  readonly firstSeq?: Seq;
  resolve(value: never): void;
  reject(error: unknown): void;
}
