import type { Database } from "bun:sqlite";
import type { Seq } from "../../../core/id.ts";
import type { Attempt, AttemptFilter, History, PageOf, PageRequest } from "../../index.ts";
import { addAttemptFilter } from "../../sql/attempt-filter.ts";
import { type AttemptRow, attemptColumns, exchangeOf, toAttempt } from "../../sql/attempt-row.ts";
import { type Bindings, Conditions, directionOf, readRanges } from "../../sql/page.ts";
import type { Direction } from "../../sql/range.ts";
import type { SecretBox } from "../../sql/secret-box.ts";
import type { Turns } from "../../turns.ts";
import type { Committer } from "../commit/commit.ts";
import type { DeferredIndex, RowSource } from "../indexes/deferred-index.ts";
import { attemptsInOrder } from "../indexes/message-attempts.ts";
import type { Stretches } from "../indexes/stretches.ts";
import { termsOfAttempts } from "../indexes/traits.ts";
import { addStartWindow, earliestRange, lateFinder, type WindowRange, windowRanges } from "./attempt-window.ts";
import { addMessageFilter } from "./messages.ts";

/** Returns the conditions of a filter for the attempt `t` and its message `m`. */
function conditions(filter: AttemptFilter): Conditions {
  const where = new Conditions();
  addAttemptFilter(where, filter);
  addMessageFilter(where, filter);
  return where;
}

export interface AttemptParts {
  readonly db: Database;
  readonly committer: Committer;
  readonly endpointAttempts: DeferredIndex;
  readonly stretches: Stretches;
  readonly turns: Turns;
  readonly box: SecretBox;
}

export function attempts(parts: AttemptParts): History["attempts"] {
  const { db, committer, endpointAttempts, stretches, box } = parts;
  const one = db.prepare<AttemptRow & { sealed: Uint8Array | null }, [number, number | null]>(
    `SELECT ${attemptColumns(true)}, t.sealed FROM attempt t WHERE t.seq = ?1 AND (?2 IS NULL OR t.message_seq = ?2)`,
  );
  const lateIn = lateFinder(db, endpointAttempts);
  const expungeResponse = db.prepare(
    "UPDATE attempt SET response = NULL WHERE seq = (SELECT response_in FROM attempt WHERE seq = ?)",
  );
  const expunge = db.prepare("UPDATE attempt SET response = NULL, response_in = NULL, sealed = NULL WHERE seq = ?");
  const list = lister(parts);

  return {
    ofEndpoint: async (endpointSeq, filter, page, withContent) => {
      if (filter.batchSeq !== undefined) {
        const ranges = [earliestRange(page, filter)];
        return list(indexed("batch_seq", filter.batchSeq), ranges, { ...filter, endpointSeq }, page, withContent);
      }
      const terms = termsOfAttempts(filter);
      const direction = directionOf(page);
      const ranges = windowRanges(page, filter, (within) =>
        terms.length === 0 ? [within] : stretches.find(endpointSeq, terms, within, direction),
      );
      // There is an index of the failed attempts alone.
      const ofEndpoint: Sources =
        filter.outcome === "failed"
          ? indexed("endpoint_seq", endpointSeq)
          : (range) => endpointAttempts.read(endpointSeq, range, direction);
      const sources: Sources = (range) =>
        range.isLate
          ? [endpointAttempts.numbered(endpointSeq, lateIn(endpointSeq, range, filter.before!))]
          : ofEndpoint(range);
      return list(sources, ranges, filter, page, withContent);
    },
    ofMessage: async (messageSeq, filter, page, withContent) =>
      list(ofMessage(messageSeq, directionOf(page)), [earliestRange(page, filter)], filter, page, withContent),
    get: async (messageSeq, attemptSeq) => {
      const row = one.get(attemptSeq, messageSeq);
      if (row === null) return null;
      const { sealed, ...rest } = row;
      return {
        ...toAttempt(rest),
        ...(sealed !== null && exchangeOf(box.open(sealed))),
      };
    },
    expunge: (attemptSeq) =>
      committer.write(() => {
        expungeResponse.run(attemptSeq);
        expunge.run(attemptSeq);
      }),
    count: countVerb(db, endpointAttempts),
  };
}

/** Returns the sources of the attempts in a range, in the direction of reading. */
type Sources = (range: WindowRange) => Iterable<RowSource>;

/** Returns the sources of the attempts with a value in an indexed column. */
function indexed(column: "endpoint_seq" | "batch_seq", value: Seq): Sources {
  const where = `t.${column} = $owner AND t.seq >= $from AND t.seq < $to`;
  const [from, seq] = ["attempt t", "t.seq"];
  return (range) => [{ from, index: from, where, seq, values: { owner: value, from: range.from, to: range.to } }];
}

function ofMessage(messageSeq: Seq, direction: Direction): Sources {
  const from = `(${attemptsInOrder(direction)}) listed CROSS JOIN attempt t ON t.seq = listed.seq`;
  const fixed = { from, index: from, where: "1", seq: "listed.seq" };
  return (range) => [{ ...fixed, values: { owner: messageSeq, from: range.from, to: range.to } }];
}

function lister({ db, turns }: AttemptParts) {
  return (
    sourcesIn: Sources,
    ranges: Iterable<WindowRange>,
    filter: AttemptFilter,
    page: PageRequest,
    withContent: boolean,
  ): Promise<PageOf<Attempt>> => {
    const wanted = addStartWindow(conditions(filter), filter);
    const needsMessage = filter.eventTypes !== undefined || filter.channel !== undefined || filter.tag !== undefined;
    // CROSS JOIN makes SQLite start with the attempts. There are few attempts, but there may be
    // many messages of a type.
    const message = needsMessage ? " CROSS JOIN message m ON m.seq = t.message_seq" : "";
    const rowsIn = ({ from, where, seq, values }: RowSource, limit: number) =>
      db
        .query<AttemptRow, [Bindings]>(
          `SELECT ${attemptColumns(withContent)} FROM ${from}${message} WHERE ${where}${wanted.sql}
           ORDER BY ${seq} ${directionOf(page)} LIMIT $limit`,
        )
        .all({ ...wanted.values, ...values, limit });
    return readRanges(turns, page, ranges, (range, limit) => {
      const rows: Attempt[] = [];
      for (const source of sourcesIn(range)) {
        rows.push(...rowsIn(source, limit - rows.length).map(toAttempt));
        if (rows.length === limit) break;
      }
      return rows;
    });
  };
}

/** Counts attempts. Reads few rows besides indexes. */
function countVerb(db: Database, endpointAttempts: DeferredIndex): History["attempts"]["count"] {
  const failed = db.prepare<{ count: number }, [number, number, number]>(
    "SELECT COUNT(*) AS count FROM attempt WHERE endpoint_seq = ? AND seq >= ? AND seq < ? AND reason IS NOT NULL",
  );
  return async (endpointSeq, { from, to, limit }) => {
    const { count, next } = endpointAttempts.count(endpointSeq, { from, to }, limit);
    const failures = failed.get(endpointSeq, from, next ?? to)!.count;
    return { delivered: count - failures, failed: failures, next };
  };
}
