import type { Database } from "bun:sqlite";
import type { Seq } from "../../../core/id.ts";
import type { Message, PageOf } from "../../index.ts";
import { type MessageRow, messageColumns, toMessage } from "../../sql/message-row.ts";
import type { Turns } from "../../turns.ts";

/** Size of the payloads that are skipped or read in one step, in bytes. About 2 ms. */
const STEP_BYTES = 2 * 1024 * 1024;

/** A message found by a search, before its row is read. */
export interface FoundMessage {
  readonly seq: Seq;
  readonly payloadBytes: number;
}

/**
 * The columns of `FoundMessage`. SQLite computes the length without reading the payload, and it
 * filters by columns that are stored before the payload.
 */
export const FOUND_COLUMNS = "m.seq, COALESCE(LENGTH(m.payload), 0) AS payloadBytes";

/**
 * Reads the rows of found messages in steps. Some columns are stored after the payload, so SQLite
 * must read past the payload even if only those are wanted. Messages that were deleted since the
 * search are left out.
 */
export function messageRows(db: Database, turns: Turns) {
  const bare = db.prepare<MessageRow, [number]>(`SELECT ${messageColumns(false)} FROM message m WHERE seq = ?`);
  const full = db.prepare<MessageRow, [number]>(`SELECT ${messageColumns(true)} FROM message m WHERE seq = ?`);

  return async <Found extends FoundMessage, Row>(
    page: PageOf<Found>,
    withContent: boolean,
    rowOf: (message: Message, found: Found) => Row,
  ): Promise<PageOf<Row>> => {
    const bySeq = withContent ? full : bare;
    const rows: Row[] = [];
    let bytes = 0;
    for (const found of page.rows) {
      bytes += found.payloadBytes;
      if (bytes > STEP_BYTES) {
        bytes = found.payloadBytes;
        await turns.next();
      }
      const row = bySeq.get(found.seq);
      if (row !== null) rows.push(rowOf(toMessage(row), found));
    }
    return { ...page, rows };
  };
}
