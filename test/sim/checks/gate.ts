import type { Database, Statement } from "bun:sqlite";
import { deliveryHeldMeta } from "../../../src/core/delivery.ts";
import type { Marks } from "../marks.ts";
import type { Violation } from "./violation.ts";

/** What stops all deliveries of the world. */
export type Stop = "held" | "paused";

const STOPS: readonly Stop[] = ["held", "paused"];

/**
 * Checks that no attempt starts while deliveries are held or while the environment is paused. All
 * endpoints of a world belong to one environment.
 */
export class GateChecks {
  /** The stored states. */
  readonly #isClosed: Record<Stop, boolean> = { held: false, paused: false };
  /** Numbers of changes under way. During a change, the old or the new state may apply. */
  readonly #changes: Record<Stop, number> = { held: 0, paused: 0 };
  readonly #stored: Statement<{ held: number; paused: number }, [string]>;

  constructor(
    db: Database,
    private readonly marks: Marks,
    private readonly violation: Violation,
  ) {
    this.#stored = db.prepare(
      `SELECT EXISTS (SELECT 1 FROM meta WHERE name = ?) AS held,
         EXISTS (SELECT 1 FROM environment WHERE paused_at IS NOT NULL) AS paused`,
    );
  }

  isClosed(stop: Stop): boolean {
    return this.#isClosed[stop];
  }

  /** Must be called when a life of the program begins. */
  programStarted(): void {
    for (const stop of STOPS) {
      this.#changes[stop] = 0;
      this.#read(stop);
      if (this.#isClosed[stop]) this.marks.hit(`restart: with deliveries ${stop}`);
    }
  }

  /** Makes a change of the state. Until it is done, the old or the new state may apply. */
  async whileChanging(stop: Stop, change: () => Promise<unknown>): Promise<void> {
    this.#changes[stop]++;
    await change().finally(() => {
      this.#changes[stop]--;
      this.#read(stop);
    });
  }

  started(deliverySeq: number): void {
    for (const stop of STOPS) {
      if (this.#isClosed[stop] && this.#changes[stop] === 0) {
        this.violation(`delivery ${deliverySeq} is attempted although deliveries are ${stop}`);
      }
    }
  }

  #read(stop: Stop): void {
    this.#isClosed[stop] = this.#stored.get(deliveryHeldMeta)![stop] === 1;
  }
}
