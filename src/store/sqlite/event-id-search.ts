import type { Database } from "bun:sqlite";
import type { Seq } from "../../core/id.ts";
import type { Bindings } from "../sql/page.ts";
import type { Turns } from "../turns.ts";

/** Number of applications that one step looks up. */
const STEP_ROWS = 1000;
/** Maximum number of messages that are found. */
const FOUND_MAX = 1000;

export type EventIdSearch = (environmentSeq: Seq, eventId: string) => Promise<readonly Seq[]>;

/**
 * Finds the messages with an event id in any application of an environment. The index of event ids
 * is per application, so each application is looked up, in steps.
 */
export function eventIdSearch(db: Database, turns: Turns): EventIdSearch {
  const page = `SELECT seq FROM application
    WHERE environment_seq = $environmentSeq AND deleted_at IS NULL AND seq > $after ORDER BY seq`;
  const last = db.prepare<{ seq: number }, [Bindings]>(`${page} LIMIT 1 OFFSET ${STEP_ROWS - 1}`);
  const found = db.prepare<{ seq: number }, [Bindings]>(
    `SELECT m.seq FROM (${page} LIMIT ${STEP_ROWS}) a
     CROSS JOIN message m ON m.application_seq = a.seq AND m.event_id = $eventId AND m.event_id IS NOT NULL`,
  );
  return async (environmentSeq, eventId) => {
    const seqs: Seq[] = [];
    for (let after: Seq | undefined = 0; after !== undefined && seqs.length < FOUND_MAX; ) {
      if (after > 0) await turns.next();
      for (const { seq } of found.all({ environmentSeq, eventId, after })) seqs.push(seq);
      after = last.get({ environmentSeq, after })?.seq;
    }
    return seqs.slice(0, FOUND_MAX);
  };
}
