import type { ClockOffsets, Housekeeping } from "../index.ts";
import type { Committer } from "./commit.ts";
import type { Database, Queries } from "./database.ts";

const CLOCK_OFFSETS = "clock-offsets";
const NEVER_SET: ClockOffsets = { aheadMs: 0, positionsAheadMs: 0 };

async function read(queries: Queries): Promise<ClockOffsets> {
  const row = await queries.first<{ value: string }>("SELECT value FROM meta WHERE name = $1", [CLOCK_OFFSETS]);
  return row === null ? NEVER_SET : (JSON.parse(row.value) as ClockOffsets);
}

export function clockOffsets(database: Database, committer: Committer): Housekeeping["clockOffsets"] {
  return {
    get: () => read(database),
    set: (offsets) =>
      committer.write(async (transaction) => {
        const before = await read(transaction);
        await transaction.run(
          "INSERT INTO meta (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
          [CLOCK_OFFSETS, JSON.stringify(offsets)],
        );
        await transaction.run(
          `UPDATE endpoint SET failing_since = GREATEST(0, failing_since + $1)
           WHERE failing_since IS NOT NULL AND deleted_at IS NULL`,
          [offsets.aheadMs - before.aheadMs],
        );
      }),
  };
}
