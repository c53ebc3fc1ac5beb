import type { Database } from "bun:sqlite";
import type { Seq } from "../../../core/id.ts";
import type { DeferredIndex } from "./deferred-index.ts";

interface Line {
  readonly list: Seq;
  readonly start: Seq;
}

const BEFORE_ALL: Line = { list: 0, start: 0 };

/**
 * Returns a function that deletes stretches without rows. Each call checks up to `limit` stretches
 * and continues where the previous call stopped; after the last stretch it starts again. A list's
 * last stretch is kept, because rows are still added to it.
 */
export function emptyStretches(db: Database, endpointAttempts: DeferredIndex): (limit: number) => number {
  const next = db.prepare<Line, [number, number, number]>(
    "SELECT list_seq AS list, start FROM stretch WHERE (list_seq, start) > (?, ?) ORDER BY list_seq, start LIMIT ?",
  );
  const endOf = db.prepare<{ start: number }, [number, number]>(
    "SELECT start FROM stretch WHERE list_seq = ? AND start > ? ORDER BY start LIMIT 1",
  );
  // An endpoint's list contains attempts, and an application's list contains messages. Numbers are
  // unique across both tables.
  const message = db.prepare<unknown, [number, number, number]>(
    "SELECT 1 FROM application_messages WHERE application_seq = ?1 AND seq >= ?2 AND seq < ?3 LIMIT 1",
  );
  const drop = db.prepare("DELETE FROM stretch WHERE list_seq = ? AND start = ?");
  let at = BEFORE_ALL;

  const isEmpty = ({ list, start }: Line): boolean => {
    const end = endOf.get(list, start)?.start;
    if (end === undefined) return false;
    return message.get(list, start, end) === null && endpointAttempts.last(list, { from: start, to: end }) === null;
  };

  return (limit) => {
    const lines = next.all(at.list, at.start, limit);
    at = lines.length < limit ? BEFORE_ALL : lines[lines.length - 1]!;
    const empty = lines.filter(isEmpty);
    for (const { list, start } of empty) drop.run(list, start);
    return empty.length;
  };
}
