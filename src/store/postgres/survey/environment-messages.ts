import type { Seq } from "../../../core/id.ts";
import type {
  ApplicationName,
  DeliveryState,
  EnvironmentMessage,
  EnvironmentMessageFilter,
  History,
  LatestMessage,
  MessageState,
} from "../../index.ts";
import { STATE } from "../../sql/delivery-row.ts";
import { type MessageRow, messageColumns, toMessage } from "../../sql/message-row.ts";
import { type Bindings, Conditions, directionOf, rangeOf } from "../../sql/page.ts";
import { readSteps } from "../../sql/steps.ts";
import type { Survey } from "../../survey.ts";
import type { Turns } from "../../turns.ts";
import type { Queries } from "../connection/database.ts";
import { numberArray } from "../connection/parameters.ts";
import { addMessageFilter } from "../history/messages.ts";

/** Number of messages that one step filters. */
const STEP_ROWS = 5000;
/** Number of applications up to which each one's messages are read from their index. */
const FEW_APPLICATIONS_MAX = 100;
/** Number of messages of all these applications that one step reads from the index. */
const STEP_ROWS_OF_APPLICATIONS = 50_000;
/** Maximum number of messages that are found by their event id. */
const FOUND_MAX = 1000;
/** Number of messages that `latest` searches: the newest of all environments. */
const LATEST_SCANNED = 5000;

type Counted = MessageRow & Readonly<Record<DeliveryState, number>>;

const ended = (state: DeliveryState) => `FROM ended d WHERE d.message_seq = m.seq AND d.state = ${STATE[state]}`;
const PENDING = "FROM pending p WHERE p.message_seq = m.seq";

/** The columns of the message `m` without content, and the number of its deliveries in each state. */
const COUNTED_COLUMNS = `${messageColumns(false)}, (SELECT count(*) ${PENDING}) AS pending,
  ${(["delivered", "dead", "cancelled"] as const).map((state) => `(SELECT count(*) ${ended(state)}) AS ${state}`).join(", ")}`;

const HAS_STATE: Readonly<Record<MessageState, string>> = {
  pending: `EXISTS (SELECT 1 ${PENDING})`,
  dead: `EXISTS (SELECT 1 ${ended("dead")})`,
  delivered: `EXISTS (SELECT 1 ${ended("delivered")}) AND NOT EXISTS (SELECT 1 ${PENDING})
    AND NOT EXISTS (SELECT 1 ${ended("dead")})`,
};

function toCounted({ pending, delivered, dead, cancelled, ...row }: Counted): LatestMessage {
  return { ...toMessage(row), deliveries: { pending, delivered, dead, cancelled } };
}

type Found = Counted & {
  readonly applicationName: string;
  readonly applicationUid: string | null;
  readonly sourceSeq: Seq | null;
};

function toFound({ applicationName: name, applicationUid: uid, sourceSeq, ...row }: Found): EnvironmentMessage {
  const application: ApplicationName = { seq: row.applicationSeq, name, uid, sourceSeq };
  return { ...toCounted(row), application };
}

export function environmentMessages(queries: Queries, turns: Turns): Survey["messages"] {
  return async (environmentSeq, filter, page) => {
    const direction = directionOf(page);
    const where = conditionsOf(environmentSeq, filter);
    const { from, own, stepRows } = await candidatesOf(queries, environmentSeq, filter, direction);
    return readSteps(turns, page, rangeOf(page, filter), {
      lastOf: async (range) => {
        const row = await queries.first<{ seq: Seq }>(
          `SELECT m.seq FROM ${from("seq")} ORDER BY m.seq ${direction} LIMIT 1 OFFSET ${stepRows - 1}`,
          { ...own, ...range },
        );
        return row?.seq;
      },
      read: async (range, limit) => {
        const rows = await queries.all<Found>(
          `SELECT ${COUNTED_COLUMNS}, a.name AS "applicationName", a.uid AS "applicationUid", a.source_seq AS "sourceSeq"
           FROM ${from("*")} JOIN application a ON a.seq = m.application_seq
           WHERE true${where.sql} ORDER BY m.seq ${direction} LIMIT $limit`,
          { ...where.values, ...own, ...range, limit },
        );
        return { rows: rows.map(toFound) };
      },
    });
  };
}

/** Messages among which the other conditions of a filter are checked. */
interface Candidates {
  /** Returns a table `m` with these columns of the messages in the range from `$from` to `$to`. */
  from(columns: string): string;
  readonly own: Bindings;
  readonly stepRows: number;
}

const WITHIN = "seq >= $from AND seq < $to";

/**
 * The messages of an environment with few applications are read from their index, so the messages of other
 * environments cost nothing, and a page that is short ends at a message of its own.
 */
async function candidatesOf(
  queries: Queries,
  environmentSeq: Seq,
  { applicationSeq, eventId }: EnvironmentMessageFilter,
  direction: string,
): Promise<Candidates> {
  if (eventId !== undefined) {
    // The index of event ids is per application, so each application is looked up.
    const found = `SELECT one.message_seq FROM application o CROSS JOIN LATERAL (
      SELECT message_seq FROM event_id i WHERE i.application_seq = o.seq AND i.event_id = $eventId LIMIT 1) AS one
      WHERE o.environment_seq = $eventEnvironmentSeq AND o.deleted_at IS NULL LIMIT ${FOUND_MAX}`;
    return {
      from: (columns) => `(SELECT ${columns} FROM message WHERE ${WITHIN} AND seq = ANY (ARRAY(${found}))) AS m`,
      own: { eventId, eventEnvironmentSeq: environmentSeq },
      stepRows: STEP_ROWS,
    };
  }
  const applications = applicationSeq === undefined ? await fewApplications(queries, environmentSeq) : [applicationSeq];
  if (applications === null) {
    return { from: (columns) => `(SELECT ${columns} FROM message WHERE ${WITHIN}) AS m`, own: {}, stepRows: STEP_ROWS };
  }
  const stepRows = Math.min(STEP_ROWS, Math.floor(STEP_ROWS_OF_APPLICATIONS / Math.max(1, applications.length)));
  return {
    // The limit lets PostgreSQL read the index of each application, whatever it knows of their sizes.
    from: (columns) => `(SELECT of_one.* FROM unnest($applications::bigint[]) AS wanted(number) CROSS JOIN LATERAL (
      SELECT ${columns} FROM message WHERE application_seq = number AND ${WITHIN}
      ORDER BY seq ${direction} LIMIT ${stepRows}) AS of_one) AS m`,
    own: { applications: numberArray(applications) },
    stepRows,
  };
}

/** Returns the applications of an environment. Null if it has many. */
async function fewApplications(queries: Queries, environmentSeq: Seq): Promise<readonly Seq[] | null> {
  const rows = await queries.all<{ seq: Seq }>(
    `SELECT seq FROM application WHERE environment_seq = $1 AND deleted_at IS NULL AND operational = 0
     LIMIT ${FEW_APPLICATIONS_MAX + 1}`,
    [environmentSeq],
  );
  return rows.length > FEW_APPLICATIONS_MAX ? null : rows.map(({ seq }) => seq);
}

function conditionsOf(environmentSeq: Seq, filter: EnvironmentMessageFilter): Conditions {
  const where = new Conditions().add(
    "a.environment_seq = $environmentSeq AND a.deleted_at IS NULL AND a.operational = 0",
    { environmentSeq },
  );
  const { applicationSeq, state, text } = filter;
  if (applicationSeq !== undefined) where.add("m.application_seq = $applicationSeq", { applicationSeq });
  addMessageFilter(where, filter);
  if (text !== undefined) where.add("position($text::bytea IN m.payload) > 0", { text });
  if (state !== undefined) where.add(HAS_STATE[state]);
  return where;
}

export function latestVerb(queries: Queries): History["messages"]["latest"] {
  return async (environmentSeq, limit) => {
    const rows = await queries.all<Counted>(
      `SELECT ${COUNTED_COLUMNS}
       FROM (SELECT * FROM message ORDER BY seq DESC LIMIT ${LATEST_SCANNED}) AS m
       JOIN application a ON a.seq = m.application_seq
       WHERE a.environment_seq = $1 AND a.operational = 0 ORDER BY m.seq DESC LIMIT $2`,
      [environmentSeq, limit],
    );
    return rows.map(toCounted);
  };
}
