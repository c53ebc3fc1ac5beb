import type { Database } from "bun:sqlite";
import type { Seq } from "../../../core/id.ts";
import { ENTRY_BYTES_MIN, Entries } from "./entry.ts";
import { eventIdKey } from "./event-ids.ts";
import { inParts } from "./key-parts.ts";
import { KeyRanges } from "./key-ranges.ts";

/** Number of ids that are sorted in memory at a time. They take 20 MB. */
const IDS_AT_ONCE = 524_288;

interface Row {
  readonly seq: Seq;
  readonly applicationSeq: Seq;
  readonly eventId: string;
}

/**
 * Moves the event ids that earlier versions stored in an index of the database to their ranges. Runs once per
 * data directory. A million ids take about two seconds of CPU.
 */
export function moveEventIds(db: Database, idsAtOnce = IDS_AT_ONCE): void {
  const isOld = db.query("SELECT 1 FROM sqlite_schema WHERE name = 'message_event_id'").get() !== null;
  if (!isOld) return;
  db.transaction(() => {
    const ranges = new KeyRanges(db, "event_id_range", ENTRY_BYTES_MIN, () => true);
    const rows = db.query<Row, []>(
      `SELECT seq, application_seq AS applicationSeq, event_id AS eventId FROM message INDEXED BY message_event_id
       WHERE event_id IS NOT NULL`,
    );
    const entries = Entries.of(idsAtOnce, ENTRY_BYTES_MIN);
    let count = 0;
    const store = () => {
      for (const part of inParts(entries, count, () => true)) ranges.merge(entries, part, 0);
      count = 0;
    };
    for (const { seq, applicationSeq, eventId } of rows.iterate()) {
      entries.setKey(count, eventIdKey(applicationSeq, eventId));
      entries.setSeq(count++, seq);
      if (count === idsAtOnce) store();
    }
    store();
    db.run("DROP INDEX message_event_id");
  }).immediate();
}
