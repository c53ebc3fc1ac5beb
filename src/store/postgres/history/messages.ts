import type { Delivery, History, MessageFilter } from "../../index.ts";
import { DELIVERY_COLUMNS, type DeliveryRow, STATE, toDelivery } from "../../sql/delivery-row.ts";
import { type MessageRow, messageColumns, toMessage } from "../../sql/message-row.ts";
import { Conditions, directionOf, pageOf, rangeOf } from "../../sql/page.ts";
import type { Database } from "../connection/database.ts";
import { scanMessages, visibleOn } from "./message-scan.ts";

/**
 * Holds if the JSON array of texts in a column contains one. Compares the texts in their JSON form, because
 * PostgreSQL cannot convert one with the character NUL. A quote after a comma begins an element, since quotes
 * within one are escaped.
 */
const contains = (column: string, element: string): string =>
  `position(${element} IN ',' || substr(${column}, 2, length(${column}) - 2) || ',') > 0`;

const elementOf = (text: string): string => `,${JSON.stringify(text)},`;

/** Adds the conditions of a filter on the message `m`. */
export function addMessageFilter(where: Conditions, { eventTypes, channel, tag }: MessageFilter): void {
  if (eventTypes !== undefined) where.oneOf("m.event_type", eventTypes);
  if (channel !== undefined) where.add(contains("m.channels", "$channel"), { channel: elementOf(channel) });
  if (tag !== undefined) where.add(contains("m.tags", "$tag"), { tag: elementOf(tag) });
}

/** All deliveries of the messages that the condition selects, in whatever state. */
export const deliveriesWhere = (condition: string): string => `(
  SELECT seq, message_seq, endpoint_seq, ${STATE.pending} AS state, NULL AS reason, due_at, attempts_total, round
  FROM pending WHERE ${condition}
  UNION ALL SELECT seq, message_seq, endpoint_seq, state, reason, due_at, attempts_total, round FROM ended WHERE ${condition})`;

const DELIVERIES = `SELECT ${DELIVERY_COLUMNS} FROM ${deliveriesWhere("message_seq = $1")} AS delivery`;

type Verbs = Pick<History["messages"], "find" | "known" | "get" | "list" | "deliveries">;

export function messages(database: Database): Verbs {
  const known = `SELECT seq, payload IS NOT NULL AS "hasPayload" FROM message WHERE`;
  const byUid = "seq = (SELECT message_seq FROM event_id WHERE application_seq = $1 AND event_id = $2)";
  return {
    find: async (applicationSeq, key) => {
      const columns = `SELECT ${messageColumns(true)} FROM message m WHERE`;
      const row =
        "seq" in key
          ? await database.first<MessageRow>(`${columns} application_seq = $1 AND seq = $2`, [applicationSeq, key.seq])
          : await database.first<MessageRow>(`${columns} ${byUid}`, [applicationSeq, key.uid]);
      return row === null ? null : toMessage(row);
    },
    known: async (applicationSeq, key) =>
      "seq" in key
        ? database.first(`${known} application_seq = $1 AND seq = $2`, [applicationSeq, key.seq])
        : database.first(`${known} ${byUid}`, [applicationSeq, key.uid]),
    get: async (seq) => {
      const row = await database.first<MessageRow>(`SELECT ${messageColumns(true)} FROM message m WHERE seq = $1`, [
        seq,
      ]);
      return row === null ? null : toMessage(row);
    },
    list: async (applicationSeq, filter, page, withContent) => {
      const where = new Conditions();
      addMessageFilter(where, filter);
      const limit = page.limit + 1;
      const select = (condition: string) =>
        `SELECT ${messageColumns(withContent)} FROM message m WHERE ${condition}${where.sql}
         ORDER BY m.seq ${directionOf(page)} LIMIT $limit`;
      const found =
        where.sql === ""
          ? pageOf(
              await database.all<MessageRow>(
                select(`m.application_seq = $applicationSeq AND m.seq >= $from AND m.seq < $to${visibleOn(page)}`),
                { ...rangeOf(page, filter), applicationSeq, limit },
              ),
              page,
            )
          : await scanMessages(database, applicationSeq, page, filter, (seqs) =>
              database.all<MessageRow>(select("m.seq = ANY ($seqs::bigint[])"), { ...where.values, seqs, limit }),
            );
      return { ...found, rows: found.rows.map(toMessage) };
    },
    deliveries: async (seq): Promise<Delivery[]> =>
      (await database.all<DeliveryRow>(`${DELIVERIES} ORDER BY endpoint_seq`, [seq])).map(toDelivery),
  };
}
