import type { Database } from "bun:sqlite";
import type { Seq } from "../../core/id.ts";

const LAST_PLACE = "last-place";

/**
 * Keeps the greatest place in a lane that was given to what is sent again. Such a place is a number that stands nowhere else, and
 * after a restart with a clock that was set back it would be given out once more. To be called in the commit that gives it.
 */
export function placeKeeper(db: Database): (position: Seq) => void {
  const keep = db.prepare(
    `INSERT INTO meta (name, value) VALUES ('${LAST_PLACE}', ?1)
     ON CONFLICT (name) DO UPDATE SET value = excluded.value WHERE CAST(value AS INTEGER) < ?1`,
  );
  return (position) => void keep.run(position);
}

/** 0 when there was none. */
export function lastPlace(db: Database): Seq {
  const row = db.query<{ value: string }, [string]>("SELECT value FROM meta WHERE name = ?").get(LAST_PLACE);
  return Number(row?.value ?? 0);
}
