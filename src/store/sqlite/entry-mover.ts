import type { Fact } from "../../core/fact.ts";
import { StoreUnavailable } from "../index.ts";

/**
 * Number of commits after which a move is tried again if a defect has ended it. The write that fails makes
 * all writes of its commit run again one by one, so it must not be part of every commit.
 */
const COMMITS_AFTER_DEFECT = 1000;

export interface EntryMoverParts {
  /** Moves entries from memory to their table. After a failure it must continue where it was. */
  readonly move: () => Promise<void>;
  /** Name of the entries in the report of a defect. */
  readonly entries: string;
  readonly onFact: (fact: Fact) => void;
}

/**
 * Moves the newest entries of an index from memory to their table, one move at a time. A move that ends
 * because the store is unavailable is tried again after the next commit. A defect is reported once, until
 * a move succeeds.
 */
export class EntryMover {
  #isMoving = false;
  #hasDefect = false;
  #commitsToSkip = 0;

  constructor(private readonly parts: EntryMoverParts) {}

  /** Begins a move unless one is under way. Must be called after each commit after which a move is due. */
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
