import { seqAt } from "../../../core/id.ts";
import type { Committer } from "../commit/commit.ts";
import type { Database } from "../connection/database.ts";
import { isOutage } from "../connection/errors.ts";
import type { DatabaseClock } from "./database-clock.ts";
import type { Instance } from "./instance.ts";
import { EVICT_EXPIRED, RAISE_FLOOR } from "./instance-row.ts";
import type { SlotSeqSource } from "./numbers.ts";

/** How often old changes are deleted, in ms. */
const SWEEP_MS = 20_000;

export interface UpkeepParts {
  readonly database: Database;
  readonly instance: Instance;
  readonly committer: Committer;
  readonly numbers: SlotSeqSource;
  readonly databaseClock: DatabaseClock;
  readonly onDefect: (error: unknown) => void;
}

/** What a process does for the others after each look at them. The next look does not wait for it. */
export class Upkeep {
  #running: Promise<void> | null = null;
  #sweptAt: number;

  /** `sweep` deletes old changes. */
  constructor(
    private readonly parts: UpkeepParts,
    private readonly sweep: () => Promise<void>,
    startedAt: number,
  ) {
    this.#sweptAt = startedAt;
  }

  /** Begins, unless the upkeep after an earlier look is under way. */
  begin(hasExpired: boolean, now: number): void {
    this.#running ??= this.#run(hasExpired, now)
      .catch((error) => {
        if (!isOutage(error)) this.parts.onDefect(error);
      })
      .finally(() => {
        this.#running = null;
      });
  }

  /** Resolves when nothing is under way. */
  async ended(): Promise<void> {
    await this.#running;
  }

  async #run(hasExpired: boolean, now: number): Promise<void> {
    if (hasExpired) await this.parts.database.lease.run(EVICT_EXPIRED);
    await this.#raiseFloor();
    if (now - this.#sweptAt <= SWEEP_MS) return;
    this.#sweptAt = now;
    await this.sweep();
  }

  /** States that this process commits no message with a number before now, unless it is committing any. */
  async #raiseFloor(): Promise<void> {
    const { database, instance, committer, numbers, databaseClock } = this.parts;
    if (!instance.isShared || committer.idleFloor === null) return;
    numbers.reach(seqAt(databaseClock.latest));
    // It waits for no lock, so it delays no look.
    await database.control.run(RAISE_FLOOR, [instance.slot, instance.fence, committer.idleFloor]);
  }
}
