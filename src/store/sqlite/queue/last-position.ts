import type { Database } from "bun:sqlite";
import type { Seq } from "../../../core/id.ts";

/** Must not be changed: stored data contains this name. */
const LAST_POSITION = "last-place";

/**
 * Returns a function that stores the greatest position that a resend or redrive has used. No row
 * has that number, so after a restart with a clock that was set back, the number could be generated
 * again. The function must be called in the commit that uses the position.
 */
export function positionKeeper(db: Database): (position: Seq) => void {
  const keep = db.prepare(
    `INSERT INTO meta (name, value) VALUES ('${LAST_POSITION}', ?1)
     ON CONFLICT (name) DO UPDATE SET value = excluded.value WHERE CAST(value AS INTEGER) < ?1`,
  );
  return (position) => void keep.run(position);
}

/** Returns the stored position, or 0 if there is none. */
export function lastPosition(db: Database): Seq {
  const row = db.query<{ value: string }, [string]>("SELECT value FROM meta WHERE name = ?").get(LAST_POSITION);
  return Number(row?.value ?? 0);
}
