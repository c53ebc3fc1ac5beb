/** The statements on an outbox table. Names are quoted, and values are parameters. */
import { PAYLOAD_BYTES_MAX } from "./row.ts";
import { type Columns, quotedName } from "./sql-name.ts";

/** Maximum number of rows that one transaction sends. */
const ROWS_MAX = 1000;
/** Size of payloads from which a transaction takes no further rows. */
const PAYLOAD_BYTES = 8 * 1_048_576;
/** Maximum number of applications in a transaction. Each needs a lock, of which a server has some thousands. */
const APPLICATIONS_MAX = 64;

/** The table as the database knows it. */
export interface OutboxTable {
  /** Its name with the schema, quoted. */
  readonly name: string;
  readonly oid: string;
  readonly columns: Columns;
  /** The types of the columns `id` and `payload`. */
  readonly idType: string;
  readonly payloadType: string;
}

export interface Statements {
  /**
   * Locks applications with waiting rows for this transaction, beginning with that of the first row.
   * Parameters: ids and applications to leave out. Returns `app` and `isLocked`, which is false if
   * another relay has the application.
   */
  readonly lockApplications: string;
  /** Locks the waiting rows of applications. Parameters: ids to leave out, applications. Returns `Row`s. */
  readonly takeRows: string;
  /** Parameter: ids. */
  readonly markSent: string;
  /** Parameters: ids and the error of each. Null if there is no column for errors. */
  readonly markRefused: string | null;
}

export function statementsFor({ name, oid, columns, idType, payloadType }: OutboxTable): Statements {
  const column = (role: keyof Columns) => `outbox.${quotedName(columns[role]!)}`;
  const assigned = (role: keyof Columns) => quotedName(columns[role]!);
  const table = `${name} AS outbox`;
  const ids = (parameter: number) => `$${parameter}::text[]::${idType}[]`;
  const app = `coalesce(${column("app")}::text, '')`;
  const order = `ORDER BY ${column("created_at")}, ${column("id")}`;
  const waiting = [
    `${column("sent_at")} IS NULL`,
    ...(columns.error === null ? [] : [`${column("error")} IS NULL`]),
    `${column("id")} <> ALL(${ids(1)})`,
  ].join(" AND ");
  const payload = payloadType === "bytea" ? column("payload") : `${column("payload")}::text`;
  return {
    lockApplications: `
      SELECT app, pg_try_advisory_xact_lock(hashtextextended(app, ${oid})) AS "isLocked" FROM (
        SELECT app, min(place) AS place FROM (
          SELECT app, row_number() OVER () AS place FROM (
            SELECT ${app} AS app FROM ${table} WHERE ${waiting} AND ${app} <> ALL($2::text[]) ${order} LIMIT ${ROWS_MAX}
          ) waiting
        ) placed GROUP BY app ORDER BY place LIMIT ${APPLICATIONS_MAX}
      ) applications`,
    takeRows: `
      SELECT id, app, "eventType", "payloadBytes",
        CASE WHEN "payloadBytes" <= ${PAYLOAD_BYTES_MAX} THEN payload END AS payload
      FROM (
        SELECT *, sum("payloadBytes"::bigint) OVER (ORDER BY place) AS upto FROM (
          SELECT *, row_number() OVER () AS place, coalesce(octet_length(payload), 0) AS "payloadBytes" FROM (
            SELECT ${column("id")}::text AS id, ${app} AS app, ${column("event_type")}::text AS "eventType",
              ${payload} AS payload
            FROM ${table} WHERE ${waiting} AND ${app} = ANY($2::text[]) ${order} LIMIT ${ROWS_MAX}
            FOR UPDATE SKIP LOCKED
          ) locked
        ) placed
      ) measured WHERE upto - "payloadBytes" < ${PAYLOAD_BYTES} ORDER BY place`,
    markSent: `
      UPDATE ${table} SET ${assigned("sent_at")} = clock_timestamp() WHERE ${column("id")} = ANY(${ids(1)})`,
    markRefused:
      columns.error === null
        ? null
        : `UPDATE ${table} SET ${assigned("error")} = refused.error
           FROM unnest(${ids(1)}, $2::text[]) AS refused(id, error) WHERE ${column("id")} = refused.id`,
  };
}
