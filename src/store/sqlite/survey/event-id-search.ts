import type { Database } from "bun:sqlite";
import type { Seq } from "../../../core/id.ts";
import type { Turns } from "../../turns.ts";
import type { EventIds } from "../keys/event-ids.ts";

/** Number of applications that one step looks up. */
const STEP_ROWS = 1000;
/** Maximum number of messages that are found. */
const FOUND_MAX = 1000;

export type EventIdSearch = (environmentSeq: Seq, eventId: string) => Promise<readonly Seq[]>;

/**
 * Finds the messages with an event id in any application of an environment. The index of event ids
 * is per application, so each application is looked up, in steps.
 */
export function eventIdSearch(db: Database, eventIds: EventIds, turns: Turns): EventIdSearch {
  const applications = db.prepare<{ seq: Seq }, [Seq, Seq]>(
    `SELECT seq FROM application WHERE environment_seq = ? AND deleted_at IS NULL AND seq > ?
     ORDER BY seq LIMIT ${STEP_ROWS}`,
  );
  return async (environmentSeq, eventId) => {
    const found: Seq[] = [];
    for (let after: Seq | undefined = 0; after !== undefined && found.length < FOUND_MAX; ) {
      if (after > 0) await turns.next();
      const rows = applications.all(environmentSeq, after);
      for (const row of rows) {
        const seq = eventIds.seqOf(row.seq, eventId);
        if (seq !== null) found.push(seq);
      }
      after = rows.length < STEP_ROWS ? undefined : rows.at(-1)!.seq;
    }
    return found.slice(0, FOUND_MAX);
  };
}
