import type { Database } from "bun:sqlite";
import type { DeliveryState, EnvironmentMessage, EnvironmentMessageFilter, MessageState } from "../../index.ts";
import { STATE, STATE_NAMES } from "../../sql/delivery-row.ts";
import { type MessageRow, messageColumns, toMessage } from "../../sql/message-row.ts";
import { type Bindings, Conditions, directionOf, rangeOf } from "../../sql/page.ts";
import { readSteps } from "../../sql/steps.ts";
import type { Survey } from "../../survey.ts";
import type { Turns } from "../../turns.ts";
import { FOUND_COLUMNS, type FoundMessage } from "../history/message-rows.ts";
import { addMessageFilter } from "../history/messages.ts";
import { isOfMessage } from "../indexes/message-deliveries.ts";
import type { EventIds } from "../keys/event-ids.ts";
import { type EventIdSearch, eventIdSearch } from "./event-id-search.ts";

/** Number of messages that one step filters by their columns. */
const STEP_ROWS = 1000;
const STEPS_MAX = 64;
/**
 * Cost after which other work in the event loop can run. Counting a delivery costs 1, and so does
 * searching or skipping a KiB of payload.
 */
const COST_MAX = 2000;
/** Cost after which a request ends with a short page, so that it takes about 150 ms at most. */
const REQUEST_COST_MAX = 100_000;
/** Cost of the queries for one message. */
const MESSAGE_COST = 3;

type Counts = Readonly<Record<DeliveryState, number>>;

interface Found extends FoundMessage {
  readonly applicationName: string;
  readonly applicationUid: string | null;
  readonly sourceSeq: number | null;
}

const HAS_STATE: Readonly<Record<MessageState, (counts: Counts) => boolean>> = {
  pending: ({ pending }) => pending > 0,
  dead: ({ dead }) => dead > 0,
  delivered: ({ delivered, pending, dead }) => delivered > 0 && pending === 0 && dead === 0,
};

export function environmentMessages(db: Database, eventIds: EventIds, turns: Turns): Survey["messages"] {
  const withEventId = eventIdSearch(db, eventIds, turns);
  const matcher = matcherOf(db);
  return async (environmentSeq, filter, page) => {
    const { sql, own } = await candidatesOf(withEventId, environmentSeq, filter);
    const direction = directionOf(page);
    const where = conditions(environmentSeq, filter);
    const last = db.query<{ seq: number }, [Bindings]>(
      `${sql} ORDER BY seq ${direction} LIMIT 1 OFFSET ${STEP_ROWS - 1}`,
    );
    // CROSS JOIN fixes the order of the tables; otherwise SQLite could start with the applications.
    const rows = db.query<Found, [Bindings]>(
      `SELECT ${FOUND_COLUMNS}, a.name AS applicationName, a.uid AS applicationUid, a.source_seq AS sourceSeq
       FROM (${sql} ORDER BY seq ${direction} LIMIT -1) listed
       CROSS JOIN message m ON m.seq = listed.seq CROSS JOIN application a ON a.seq = m.application_seq
       WHERE 1${where.sql} ORDER BY listed.seq ${direction}`,
    );
    const spend = spender(turns);
    let spent = 0;
    return readSteps(
      turns,
      page,
      rangeOf(page, filter),
      {
        lastOf: (range) => last.get({ ...own, ...range })?.seq,
        async read(range, limit) {
          const messages: EnvironmentMessage[] = [];
          for (const found of rows.all({ ...where.values, ...own, ...range })) {
            if (messages.length === limit) break;
            const { message, cost } = matcher(found, filter);
            if (message !== null) messages.push(message);
            spent += cost;
            if (spent >= REQUEST_COST_MAX) return { rows: messages, cutAt: found.seq };
            await spend(cost);
          }
          return { rows: messages };
        },
      },
      STEPS_MAX,
    );
  };
}

/** Returns a query for the numbers, within a range, of the messages that a filter may match. */
async function candidatesOf(
  withEventId: EventIdSearch,
  environmentSeq: number,
  { applicationSeq, eventId, state }: EnvironmentMessageFilter,
): Promise<{ readonly sql: string; readonly own: Bindings }> {
  if (eventId !== undefined) {
    const seqs = JSON.stringify(await withEventId(environmentSeq, eventId));
    return { sql: "SELECT value AS seq FROM json_each($seqs) WHERE value >= $from AND value < $to", own: { seqs } };
  }
  const within = (column: string) => `${column} >= $from AND ${column} < $to`;
  if (state === "dead") {
    const dead = `delivery INDEXED BY delivery_dead_message WHERE state = ${STATE.dead} AND ${within("message_seq")}`;
    return { sql: `SELECT DISTINCT message_seq AS seq FROM ${dead}`, own: {} };
  }
  if (applicationSeq === undefined) return { sql: `SELECT seq FROM message WHERE ${within("seq")}`, own: {} };
  const ofOne = `application_messages WHERE application_seq = $applicationSeq AND ${within("seq")}`;
  return { sql: `SELECT seq FROM ${ofOne}`, own: { applicationSeq } };
}

function conditions(environmentSeq: number, filter: EnvironmentMessageFilter): Conditions {
  const where = new Conditions().add(
    "a.environment_seq = $environmentSeq AND a.deleted_at IS NULL AND a.operational = 0",
    { environmentSeq },
  );
  const { applicationSeq } = filter;
  if (applicationSeq !== undefined) where.add("m.application_seq = $applicationSeq", { applicationSeq });
  addMessageFilter(where, filter);
  return where;
}

/** Returns a function that reads a message and compares it with the rest of the filter. */
function matcherOf(db: Database) {
  const bySeq = db.prepare<MessageRow, [number]>(`SELECT ${messageColumns(false)} FROM message m WHERE seq = ?`);
  // Both are blobs, so SQLite compares bytes.
  const contains = db.prepare<{ found: number }, [Uint8Array, number]>(
    "SELECT instr(payload, ?1) > 0 AS found FROM message WHERE seq = ?2",
  );
  const sums = STATE_NAMES.map((name) => `COALESCE(SUM(state = ${STATE[name]}), 0) AS ${name}`);
  const countsOf = db.prepare<Record<DeliveryState, number>, [number]>(
    `SELECT ${sums.join(", ")} FROM delivery WHERE ${isOfMessage("?1")}`,
  );
  return ({ seq, payloadBytes, ...application }: Found, { state, text }: EnvironmentMessageFilter) => {
    let cost = MESSAGE_COST;
    const none = () => ({ message: null, cost });
    if (text !== undefined) {
      cost += payloadBytes / 1024;
      if (contains.get(text, seq)?.found !== 1) return none();
    }
    const deliveries = countsOf.get(seq)!;
    for (const name of STATE_NAMES) cost += deliveries[name];
    if (state !== undefined && !HAS_STATE[state](deliveries)) return none();
    cost += payloadBytes / 1024;
    const row = bySeq.get(seq);
    // The message may have been deleted since it was found.
    if (row === null) return none();
    const { applicationName: name, applicationUid: uid, sourceSeq } = application;
    const named = { application: { seq: row.applicationSeq, name, uid, sourceSeq } };
    return { message: { ...toMessage(row), deliveries, ...named } satisfies EnvironmentMessage, cost };
  };
}

function spender(turns: Turns): (cost: number) => Promise<void> {
  let spent = 0;
  return async (cost) => {
    spent += cost;
    if (spent < COST_MAX) return;
    spent = 0;
    await turns.next();
  };
}
