import type { Database } from "bun:sqlite";
import type { Seq } from "../../../core/id.ts";
import type { MoveOrigin, Row, WaitingCursor } from "../../index.ts";
import { STATE } from "../../sql/delivery-row.ts";
import type { PageReader } from "./page-reader.ts";
import type { StoredRow } from "./rows.ts";
import { idsOfSends, sendsReader } from "./sends.ts";

/** Maximum number of deliveries in a page. */
const DELIVERIES_MAX = 2000;

/** Reads the pending deliveries of each endpoint in the order of its lane, and then its dead letters. */
export function waitingReader(db: Database, read: PageReader): MoveOrigin["waiting"] {
  const endpointsFrom = db.prepare<{ seq: number }, [number, number]>(
    "SELECT seq FROM endpoint WHERE application_seq = ? AND seq >= ? ORDER BY seq",
  );
  const after = (state: number, column: string) =>
    db.prepare<StoredRow, number[]>(
      `SELECT d.*, (SELECT m.payload IS NULL FROM message m WHERE m.seq = d.message_seq) AS erased
       FROM delivery d WHERE state = ${state} AND endpoint_seq = ? AND (${column}, seq) > (?, ?)
       ORDER BY ${column}, seq LIMIT ?`,
    );
  const lists = [
    { state: STATE.pending, column: "position", next: after(STATE.pending, "position") },
    { state: STATE.dead, column: "seq", next: after(STATE.dead, "seq") },
  ];
  const sendsOf = sendsReader(db).ofDeliveries;
  return async (applicationSeq, cursor, aheadMs) => {
    const deliveries: Row[] = [];
    const erased: Seq[] = [];
    let next: WaitingCursor | null = null;
    for (const { seq: endpointSeq } of endpointsFrom.all(applicationSeq, cursor?.endpointSeq ?? 0)) {
      for (const list of lists) {
        const isCursors = endpointSeq === cursor?.endpointSeq;
        if (isCursors && list.state < cursor.state) continue;
        const from = isCursors && list.state === cursor.state ? cursor : { place: -1, seq: -1 };
        const rows = list.next.all(endpointSeq, from.place, from.seq, DELIVERIES_MAX - deliveries.length);
        for (const { erased: isErased, ...row } of rows) {
          deliveries.push(read.page(withWallTime(row, aheadMs)));
          if (isErased === 1) erased.push(row.message_seq as Seq);
        }
        if (deliveries.length < DELIVERIES_MAX) continue;
        const last = rows.at(-1)!;
        next = { endpointSeq, state: list.state, place: last[list.column] as Seq, seq: last.seq as Seq };
        break;
      }
      if (next !== null) break;
    }
    const sends = sendsOf(deliveries.map(({ seq }) => seq as Seq));
    for (const { messageSeq, isErased } of sends) if (isErased) erased.push(messageSeq);
    const ids = {
      ...read.ids(
        ["msg_", deliveries, "message_seq"],
        ["ep_", deliveries, "endpoint_seq"],
        ["batch_", deliveries, "batch_seq"],
      ),
      ...idsOfSends(read, sends),
    };
    return { page: { part: "waiting", isFirst: cursor === null, ids, deliveries, erased, sends }, next };
  };
}

/** Due times of retries are delivery times. */
function withWallTime(row: StoredRow, aheadMs: number): StoredRow {
  return (row.attempts_total as number) > 0 ? { ...row, due_at: (row.due_at as number) + aheadMs } : row;
}
