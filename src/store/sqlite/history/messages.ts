import type { Database } from "bun:sqlite";
import type { Seq } from "../../../core/id.ts";
import type { Delivery, History, Key, MessageFilter } from "../../index.ts";
import { DELIVERY_COLUMNS, type DeliveryRow, toDelivery } from "../../sql/delivery-row.ts";
import { type MessageRow, messageColumns, toMessage } from "../../sql/message-row.ts";
import { type Bindings, Conditions, directionOf, rangeOf, readRanges } from "../../sql/page.ts";
import type { Turns } from "../../turns.ts";
import { isOfMessage } from "../indexes/message-deliveries.ts";
import type { Stretches } from "../indexes/stretches.ts";
import { termsOfMessages } from "../indexes/traits.ts";
import type { EventIds } from "../keys/event-ids.ts";
import { latestVerb } from "./latest.ts";
import { FOUND_COLUMNS, type FoundMessage, messageRows } from "./message-rows.ts";

/** Adds the conditions of a filter on the message `m`. */
export function addMessageFilter(where: Conditions, filter: MessageFilter): void {
  if (filter.eventTypes !== undefined) where.oneOf("m.event_type", filter.eventTypes);
  if (filter.channel !== undefined) {
    where.add("(m.channels IS NOT NULL AND EXISTS (SELECT 1 FROM json_each(m.channels) WHERE value = $channel))", {
      channel: filter.channel,
    });
  }
  if (filter.tag !== undefined) {
    where.add("(m.tags IS NOT NULL AND EXISTS (SELECT 1 FROM json_each(m.tags) WHERE value = $tag))", {
      tag: filter.tag,
    });
  }
}

interface KnownRow {
  seq: number;
  applicationSeq: number;
  hasPayload: number;
}

export function messages(
  db: Database,
  stretches: Stretches,
  eventIds: EventIds,
  turns: Turns,
): Omit<History["messages"], "ofEndpoint"> {
  const bySeq = db.prepare<MessageRow, [number]>(`SELECT ${messageColumns(true)} FROM message m WHERE seq = ?`);
  const known = db.prepare<KnownRow, [number]>(
    "SELECT seq, application_seq AS applicationSeq, payload IS NOT NULL AS hasPayload FROM message WHERE seq = ?",
  );
  const deliveriesOf = db.prepare<DeliveryRow, [number]>(
    `SELECT ${DELIVERY_COLUMNS} FROM delivery WHERE ${isOfMessage("?1")}`,
  );
  const rowsOfFound = messageRows(db, turns);
  // SQLite takes several times as long to sort a few rows.
  const deliveries = (seq: number): Delivery[] =>
    deliveriesOf
      .all(seq)
      .sort((a, b) => a.endpointSeq - b.endpointSeq || a.seq - b.seq)
      .map(toDelivery);
  const seqOf = (applicationSeq: Seq, key: Key) => ("seq" in key ? key.seq : eventIds.seqOf(applicationSeq, key.uid));

  return {
    find: async (applicationSeq, key) => {
      const seq = seqOf(applicationSeq, key);
      const row = seq === null ? null : bySeq.get(seq);
      return row === null || row.applicationSeq !== applicationSeq ? null : toMessage(row);
    },
    known: async (applicationSeq, key) => {
      const seq = seqOf(applicationSeq, key);
      const row = seq === null ? null : known.get(seq);
      if (row === null || row.applicationSeq !== applicationSeq) return null;
      return { seq: row.seq, hasPayload: row.hasPayload === 1 };
    },
    get: async (seq) => {
      const row = bySeq.get(seq);
      return row === null ? null : toMessage(row);
    },
    list: async (applicationSeq, filter, page, withContent) => {
      const within = rangeOf(page, filter);
      const direction = directionOf(page);
      const terms = termsOfMessages(filter);
      const ranges = terms.length === 0 ? [within] : stretches.find(applicationSeq, terms, within, direction);
      const where = new Conditions();
      addMessageFilter(where, filter);
      const rows = db.query<FoundMessage, [Bindings]>(
        `SELECT ${FOUND_COLUMNS}
         FROM (SELECT seq FROM application_messages WHERE application_seq = $applicationSeq AND seq >= $from AND seq < $to
           ORDER BY seq ${direction} LIMIT -1) listed
         CROSS JOIN message m ON m.seq = listed.seq
         WHERE 1${where.sql} ORDER BY listed.seq ${direction} LIMIT $limit`,
      );
      const found = await readRanges(turns, page, ranges, (range, limit) =>
        rows.all({ ...where.values, ...range, applicationSeq, limit }),
      );
      return rowsOfFound(found, withContent, (message) => message);
    },
    latest: latestVerb(db, turns),
    deliveries: async (seq) => deliveries(seq),
  };
}
