import type { Database } from "bun:sqlite";
import type { ClockOffsets, Housekeeping } from "../../index.ts";
import type { Committer } from "../commit/commit.ts";
import { meta } from "./meta.ts";

/** Never rename this value: stored data contains it. */
const CLOCK_OFFSETS = "clock-offsets";
const NEVER_SET: ClockOffsets = { aheadMs: 0, positionsAheadMs: 0 };

export function clockOffsets(db: Database, committer: Committer): Housekeeping["clockOffsets"] {
  const { get: read } = meta(db, committer);
  const write = db.prepare(
    "INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
  );
  const moveFailing = db.prepare(
    "UPDATE endpoint SET failing_since = MAX(0, failing_since + ?) WHERE failing_since IS NOT NULL AND deleted_at IS NULL",
  );
  const current = db.prepare<{ value: string }, [string]>("SELECT value FROM meta WHERE name = ?");
  const parsed = (value: string | null | undefined) =>
    value === null || value === undefined ? NEVER_SET : (JSON.parse(value) as ClockOffsets);
  return {
    get: async () => parsed(await read(CLOCK_OFFSETS)),
    set: (offsets) =>
      committer.write(() => {
        const before = parsed(current.get(CLOCK_OFFSETS)?.value);
        write.run(CLOCK_OFFSETS, JSON.stringify(offsets));
        moveFailing.run(offsets.aheadMs - before.aheadMs);
      }),
  };
}
