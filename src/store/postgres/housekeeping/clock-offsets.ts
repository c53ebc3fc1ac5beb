import type { ClockOffsets, Housekeeping } from "../../index.ts";
import type { Committer } from "../commit/commit.ts";
import type { Database, Queries } from "../connection/database.ts";
import { readMeta, writeMeta } from "./meta.ts";

const CLOCK_OFFSETS = "clock-offsets";
/**
 * The clock has been set if its lead changes by more than this, in ms. The clock of the database is
 * estimated, and estimates of a busy machine differ by some milliseconds.
 */
const STEP_MS = 1000;

interface Stored extends ClockOffsets {
  /** The lead by which `failing_since` of endpoints has been shifted. */
  readonly shiftedMs: number;
}

async function read(queries: Queries): Promise<Stored> {
  const stored = await readMeta(queries, CLOCK_OFFSETS);
  return stored === null ? { aheadMs: 0, positionsAheadMs: 0, shiftedMs: 0 } : (JSON.parse(stored) as Stored);
}

export function clockOffsets(database: Database, committer: Committer): Housekeeping["clockOffsets"] {
  return {
    async get() {
      const { aheadMs, positionsAheadMs } = await read(database);
      return { aheadMs, positionsAheadMs };
    },
    set: ({ aheadMs, positionsAheadMs }) =>
      committer.write(async (transaction) => {
        const before = await read(transaction);
        const wasSet = Math.abs(aheadMs - before.shiftedMs) > STEP_MS;
        const stored: Stored = { aheadMs, positionsAheadMs, shiftedMs: wasSet ? aheadMs : before.shiftedMs };
        await writeMeta(transaction, CLOCK_OFFSETS, JSON.stringify(stored));
        if (!wasSet) return;
        await transaction.run(
          `UPDATE endpoint SET failing_since = GREATEST(0, failing_since + $1)
           WHERE failing_since IS NOT NULL AND deleted_at IS NULL`,
          [aheadMs - before.shiftedMs],
        );
      }),
  };
}
