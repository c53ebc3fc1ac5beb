import type { Database, Statement } from "bun:sqlite";
import type { EndpointMessageFilter, History, PageRequest } from "../../index.ts";
import {
  BESIDE_MESSAGE_COLUMNS,
  type BesideMessage,
  RARE,
  statusConditions,
  toEndpointMessage,
} from "../../sql/endpoint-messages.ts";
import { type Bindings, Conditions, directionOf, rangeOf, readRanges } from "../../sql/page.ts";
import type { Range } from "../../sql/range.ts";
import type { Turns } from "../../turns.ts";
import { DELIVERY_ATTEMPTS } from "../indexes/message-attempts.ts";
import { isOfMessageTo } from "../indexes/message-deliveries.ts";
import type { Stretches } from "../indexes/stretches.ts";
import { trait } from "../indexes/trait.ts";
import { termsOfMessages } from "../indexes/traits.ts";
import { FOUND_COLUMNS, type FoundMessage, messageRows } from "./message-rows.ts";
import { addMessageFilter } from "./messages.ts";

const WITH_STATUS = statusConditions(DELIVERY_ATTEMPTS);

type Row = FoundMessage & BesideMessage;

const COLUMNS = `${FOUND_COLUMNS}, ${BESIDE_MESSAGE_COLUMNS}`;

/** Number of rare rows that are read at a time. */
const RARE_ROWS = 64;
/**
 * Maximum number of pending deliveries that are read from the lane. If the lane has more, all
 * messages are searched instead.
 */
const WAITING_MAX = 2000;

/** Lists the messages with a delivery to an endpoint. */
export function endpointMessages(db: Database, stretches: Stretches, turns: Turns): History["messages"]["ofEndpoint"] {
  const rowsOfFound = messageRows(db, turns);
  return async (applicationSeq, endpointSeq, filter, page) => {
    const rare = filter.status === undefined ? undefined : RARE[filter.status];
    const within = rangeOf(page, filter);
    const direction = directionOf(page);
    const few = filter.status === "waiting" ? waitingMessages(db, endpointSeq) : null;
    const ranges =
      few !== null
        ? singly(few, within, direction)
        : rare !== undefined
          ? rareRanges(db, rare, endpointSeq, within, direction)
          : stretches.find(
              applicationSeq,
              [[trait.endpoint(endpointSeq)], ...termsOfMessages(filter)],
              within,
              direction,
            );
    const { statement, values } = query(db, applicationSeq, endpointSeq, filter, page);
    const found = await readRanges(turns, page, ranges, (range, limit) =>
      statement.all({ ...values, ...range, limit }),
    );
    return rowsOfFound(found, false, toEndpointMessage);
  };
}

function query(
  db: Database,
  applicationSeq: number,
  endpointSeq: number,
  filter: EndpointMessageFilter,
  page: PageRequest,
): { statement: Statement<Row, [Bindings]>; values: Bindings } {
  const direction = directionOf(page);
  const where = new Conditions();
  addMessageFilter(where, filter);
  if (filter.status !== undefined) where.add(WITH_STATUS[filter.status]);
  const isRare = filter.status !== undefined && RARE[filter.status] !== undefined;
  // CROSS JOIN fixes the order of the tables, because the ranges apply to the first table.
  const sql = isRare
    ? `SELECT ${COLUMNS} FROM delivery d CROSS JOIN message m ON m.seq = d.message_seq
       WHERE d.endpoint_seq = $endpointSeq AND d.message_seq >= $from AND d.message_seq < $to${where.sql}
         AND m.application_seq = $applicationSeq
       ORDER BY d.message_seq ${direction} LIMIT $limit`
    : `SELECT ${COLUMNS}
       FROM (SELECT seq FROM application_messages WHERE application_seq = $applicationSeq AND seq >= $from AND seq < $to
         ORDER BY seq ${direction} LIMIT -1) listed
       CROSS JOIN message m ON m.seq = listed.seq
       CROSS JOIN delivery d ON ${isOfMessageTo("m.seq", "$endpointSeq", "d")}
       WHERE 1${where.sql} ORDER BY listed.seq ${direction} LIMIT $limit`;
  return { statement: db.query<Row, [Bindings]>(sql), values: { ...where.values, applicationSeq, endpointSeq } };
}

/**
 * Returns the messages in an endpoint's lane, in any order. Returns null if there are more than
 * `WAITING_MAX`.
 */
function waitingMessages(db: Database, endpointSeq: number): number[] | null {
  const rows = db
    .query<{ seq: number }, [number]>(
      `SELECT message_seq AS seq FROM delivery WHERE endpoint_seq = ? AND state = 0 LIMIT ${WAITING_MAX + 1}`,
    )
    .all(endpointSeq);
  return rows.length > WAITING_MAX ? null : rows.map(({ seq }) => seq);
}

function singly(seqs: readonly number[], { from, to }: Range, direction: "ASC" | "DESC"): Range[] {
  const sign = direction === "ASC" ? 1 : -1;
  return seqs
    .filter((seq) => seq >= from && seq < to)
    .sort((a, b) => sign * (a - b))
    .map((seq) => ({ from: seq, to: seq + 1 }));
}

/** Splits the list into ranges with up to `RARE_ROWS` rare rows. */
function* rareRanges(
  db: Database,
  kind: string,
  endpointSeq: number,
  within: Range,
  direction: "ASC" | "DESC",
): Generator<Range> {
  const next = db.query<{ seq: number }, [Bindings]>(
    `SELECT d.message_seq AS seq FROM delivery d WHERE d.endpoint_seq = $endpointSeq AND ${kind}
       AND d.message_seq >= $from AND d.message_seq < $to
     ORDER BY d.message_seq ${direction} LIMIT ${RARE_ROWS}`,
  );
  for (let { from, to } = within; from < to; ) {
    const last = next.all({ endpointSeq, from, to }).at(-1)?.seq;
    if (last === undefined) return;
    if (direction === "DESC") {
      yield { from: last, to };
      to = last;
    } else {
      yield { from, to: last + 1 };
      from = last + 1;
    }
  }
}
