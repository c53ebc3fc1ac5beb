import type { SQL } from "bun";
import { LANE_PARTITIONS } from "../../src/store/postgres/instances/lane-partition.ts";

/** Pause between two looks at the tables of the instances, in ms. */
const LOOK_MS = 10;

/** When the others took over from an instance, in ms after the watch began. Null if that was not seen. */
export interface Takeover {
  /** Its row was evicted or given back. */
  readonly evictedMs: number | null;
  /** Live instances had all partitions again. */
  readonly servedMs: number | null;
}

/** Watches how instances take over from one that was killed or stopped. */
export class TakeoverWatch {
  readonly #startedAt = performance.now();
  readonly #watching: Promise<Takeover>;
  #isOver = false;

  constructor(sql: SQL) {
    this.#watching = this.#watch(sql);
  }

  /** Ends the watch. */
  async end(): Promise<Takeover> {
    this.#isOver = true;
    return await this.#watching;
  }

  async #watch(sql: SQL): Promise<Takeover> {
    let first: number | null = null;
    let evictedMs: number | null = null;
    while (!this.#isOver) {
      const [row] = await sql`SELECT
        (SELECT sum(fence)::int + count(*) FILTER (WHERE NOT held)::int FROM instance) AS moves,
        (SELECT count(*)::int FROM lane_partition p WHERE EXISTS
          (SELECT 1 FROM instance i WHERE i.slot = p.slot AND i.fence = p.fence AND i.held)) AS served`;
      const ms = Math.round(performance.now() - this.#startedAt);
      first ??= row.moves as number;
      if (row.moves !== first) evictedMs ??= ms;
      if (evictedMs !== null && row.served === LANE_PARTITIONS) return { evictedMs, servedMs: ms };
      await Bun.sleep(LOOK_MS);
    }
    return { evictedMs, servedMs: null };
  }
}
