import type { Fact } from "../../../core/fact.ts";
import { StoreUnavailable } from "../../index.ts";

/**
 * Number of commits before a move that a bug has interrupted is retried. A write that throws makes all
 * writes of its commit run again one by one, so it must not be part of every commit.
 */
const COMMITS_AFTER_DEFECT = 1000;

export interface EntryMoverParts {
  /** Moves entries from memory to their table. After a failure, the next call continues where it stopped. */
  readonly move: () => Promise<void>;
  /** Name of the entries in the report of a defect. */
  readonly entries: string;
  readonly onFact: (fact: Fact) => void;
}

/**
 * Moves the newest entries of an index from memory to their table, one move at a time. A move that fails
 * because the store is unavailable is retried after the next commit. Any other error is a bug: it is
 * reported once until a move succeeds, and the move is retried after `COMMITS_AFTER_DEFECT` commits.
 */
export class EntryMover {
  #isMoving = false;
  #hasDefect = false;
  #commitsToSkip = 0;

  constructor(private readonly parts: EntryMoverParts) {}

  /** Begins a move unless one is under way. Must be called after each commit while a move is due. */
  start(): void {
    if (this.#isMoving) return;
    if (this.#commitsToSkip > 0) {
      this.#commitsToSkip--;
      return;
    }
    this.#isMoving = true;
    this.parts
      .move()
      .then(
        () => {
          this.#hasDefect = false;
        },
        (error) => this.#notMoved(error),
      )
      .finally(() => {
        this.#isMoving = false;
      });
  }

  #notMoved(error: unknown): void {
    if (error instanceof StoreUnavailable) return;
    this.#commitsToSkip = COMMITS_AFTER_DEFECT;
    if (this.#hasDefect) return;
    this.#hasDefect = true;
    this.parts.onFact({ type: "defect.found", where: `entries of ${this.parts.entries}`, error });
  }
}
