import type { Facts } from "../core/facts.ts";
import type { Seq } from "../core/id.ts";
import type { Clock } from "../ports.ts";
import { StoreUnavailable } from "../store/index.ts";
import type { OldestDue } from "./lanes.ts";

/** How long what was read of the lanes of all processes is used, in ms. Reading it reads every lane. */
const KEPT_MS = 5000;
/** How long a delivery in a lane of another process waits at least before it counts, in ms. */
const AGE_MS = 1000;

type Found = ReadonlyMap<Seq, OldestDue>;

export interface OldestDueParts {
  readonly clock: Pick<Clock, "steady">;
  readonly facts: Facts;
  /** Returns whether other processes serve lanes of this store. */
  readonly isShared: () => boolean;
  /** Returns the oldest due delivery of each environment in the lanes of this process. */
  readonly own: () => Found;
  /** The same for the lanes of all processes, at least of those that have waited for `ageMs`. */
  readonly anywhere: (ageMs: number) => Promise<Found>;
}

/** The oldest due delivery of an environment in the lanes of all processes. */
export class OldestDueAnywhere {
  #read: Found | null = null;
  #readAt = 0;
  #reading: Promise<void> | null = null;

  constructor(private readonly parts: OldestDueParts) {}

  /**
   * Returns the time at which it became due, or null if none is due. If there are several processes, what is due
   * in the lanes of others is up to some seconds old.
   */
  async at(environmentSeq: Seq): Promise<number | null> {
    const { clock, isShared, own } = this.parts;
    if (!isShared()) return own().get(environmentSeq)?.dueAt ?? null;
    if (this.#read === null || clock.steady() - this.#readAt > KEPT_MS) {
      this.#reading ??= this.#readAgain();
      if (this.#read === null) await this.#reading;
    }
    const found = [own(), this.#read!].flatMap((map) => map.get(environmentSeq)?.dueAt ?? []);
    return found.length === 0 ? null : Math.min(...found);
  }

  async #readAgain(): Promise<void> {
    const startedAt = this.parts.clock.steady();
    try {
      this.#read = await this.parts.anywhere(AGE_MS);
      this.#readAt = startedAt;
    } catch (error) {
      if (this.#read === null) throw error;
      if (!(error instanceof StoreUnavailable)) {
        this.parts.facts.state({ type: "defect.found", where: "oldest due delivery", error });
      }
    } finally {
      this.#reading = null;
    }
  }
}
