import type { ClockOffsets, Housekeeping } from "../index.ts";
import type { Committer } from "./commit.ts";
import type { Database, Queries } from "./database.ts";
import { readMeta, writeMeta } from "./meta.ts";

const CLOCK_OFFSETS = "clock-offsets";
const NEVER_SET: ClockOffsets = { aheadMs: 0, positionsAheadMs: 0 };

async function read(queries: Queries): Promise<ClockOffsets> {
  const stored = await readMeta(queries, CLOCK_OFFSETS);
  return stored === null ? NEVER_SET : (JSON.parse(stored) as ClockOffsets);
}

export function clockOffsets(database: Database, committer: Committer): Housekeeping["clockOffsets"] {
  return {
    get: () => read(database),
    set: (offsets) =>
      committer.write(async (transaction) => {
        const before = await read(transaction);
        await writeMeta(transaction, CLOCK_OFFSETS, JSON.stringify(offsets));
        await transaction.run(
          `UPDATE endpoint SET failing_since = GREATEST(0, failing_since + $1)
           WHERE failing_since IS NOT NULL AND deleted_at IS NULL`,
          [offsets.aheadMs - before.aheadMs],
        );
      }),
  };
}
