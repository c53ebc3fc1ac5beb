import type { Seq } from "../../../core/id.ts";
import type { EndpointMessageFilter, History } from "../../index.ts";
import {
  BESIDE_MESSAGE_COLUMNS,
  type BesideMessage,
  RARE,
  statusConditions,
  toEndpointMessage,
} from "../../sql/endpoint-messages.ts";
import { type MessageRow, messageColumns, toMessage } from "../../sql/message-row.ts";
import { Conditions, directionOf, pageOf, rangeOf } from "../../sql/page.ts";
import type { Database } from "../connection/database.ts";
import { numberArray } from "../connection/parameters.ts";
import { DELIVERY_ATTEMPTS } from "./delivery-attempts.ts";
import { scanMessages, visibleOn } from "./message-scan.ts";
import { addMessageFilter, deliveriesWhere } from "./messages.ts";

/** Maximum number of deliveries of a rare status that are sorted. If there are more, all messages are searched. */
const FEW = 2000;

const WITH_STATUS = statusConditions(DELIVERY_ATTEMPTS);

/** Lists the messages with a delivery to an endpoint. */
export function endpointMessages(database: Database): History["messages"]["ofEndpoint"] {
  return async (applicationSeq, endpointSeq, filter, page) => {
    const where = new Conditions();
    addMessageFilter(where, filter);
    if (filter.status !== undefined) where.add(WITH_STATUS[filter.status]);
    const direction = directionOf(page);
    const values = { ...where.values, endpointSeq, limit: page.limit + 1 };
    const select = (condition: string) =>
      `SELECT ${messageColumns(false)}, ${BESIDE_MESSAGE_COLUMNS}
       FROM message m CROSS JOIN LATERAL ${deliveriesWhere("message_seq = m.seq AND endpoint_seq = $endpointSeq")} AS d
       WHERE ${condition}${where.sql} ORDER BY m.seq ${direction} LIMIT $limit`;
    const few = await fewMessages(database, endpointSeq, filter.status);
    const found =
      few === null
        ? await scanMessages(database, applicationSeq, page, filter, (seqs) =>
            database.all<Row>(select("m.seq = ANY ($seqs::bigint[])"), { ...values, seqs }),
          )
        : pageOf(
            await database.all<Row>(
              select(`m.seq = ANY ($seqs::bigint[]) AND m.application_seq = $applicationSeq
                AND m.seq >= $from AND m.seq < $to${visibleOn(page)}`),
              { ...values, ...rangeOf(page, filter), applicationSeq, seqs: numberArray(few) },
            ),
            page,
          );
    return { ...found, rows: found.rows.map(toRow) };
  };
}

type Row = MessageRow & BesideMessage;

function toRow({ deliverySeq, endpointSeq, state, reason, dueAt, attemptsTotal, ...message }: Row) {
  const beside: BesideMessage = { deliverySeq, endpointSeq, state, reason, dueAt, attemptsTotal };
  return toEndpointMessage(toMessage(message), beside);
}

/** Returns the messages whose deliveries may have a rare status, or null if there are many. */
async function fewMessages(
  database: Database,
  endpointSeq: Seq,
  status: EndpointMessageFilter["status"],
): Promise<readonly Seq[] | null> {
  if (status === undefined || status === "delivered") return null;
  const isEnded = RARE[status] !== undefined && status !== "retrying";
  const rows = await database.all<{ seq: Seq }>(
    `SELECT message_seq AS seq FROM ${isEnded ? "ended" : "pending"}
     WHERE endpoint_seq = $1${isEnded ? " AND state >= 2" : ""} LIMIT ${FEW + 1}`,
    [endpointSeq],
  );
  return rows.length > FEW ? null : rows.map(({ seq }) => seq);
}
