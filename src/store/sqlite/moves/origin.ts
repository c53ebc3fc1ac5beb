import type { Database } from "bun:sqlite";
import { createHash } from "node:crypto";
import type { IdCodec, IdPrefix, Seq } from "../../../core/id.ts";
import { type Departure, type MoveOrigin, type Row, StoreUnavailable, type WaitingCursor } from "../../index.ts";
import { STATE } from "../../sql/delivery-row.ts";
import type { SecretBox } from "../../sql/secret-box.ts";
import { applicationRemover } from "../applications.ts";
import type { Committer } from "../commit.ts";
import type { QuotaUsages } from "../quota-usage.ts";
import { type StoredRow, toPage } from "./rows.ts";

/** Limits of a page: its rows, and its payloads in bytes. A page may have one larger payload. */
const DELIVERIES_MAX = 2000;
const MESSAGES_MAX = 500;
const PAYLOAD_BYTES_MAX = 512 * 1024;

export interface OriginParts {
  readonly db: Database;
  readonly committer: Committer;
  readonly box: SecretBox;
  readonly usages: QuotaUsages;
  readonly ids: IdCodec;
}

/** Reads what belongs to an application, and lets it go. */
export function moveOrigin(parts: OriginParts): MoveOrigin & { readonly departed: ReadonlySet<Seq> } {
  const { db, box, ids } = parts;
  const rows = (sql: string) => {
    const statement = db.prepare<StoredRow, number[]>(sql);
    return (...values: number[]): Row[] => statement.all(...values).map((row) => toPage(row, box));
  };
  const applicationOf = rows("SELECT * FROM application WHERE seq = ?");
  const endpointsOf = rows("SELECT * FROM endpoint WHERE application_seq = ? ORDER BY seq");
  const secretsOf = rows(
    `SELECT s.endpoint_seq, s.sealed, s.expires_at FROM endpoint_secret s JOIN endpoint e ON e.seq = s.endpoint_seq
     WHERE e.application_seq = ? ORDER BY s.id`,
  );
  const eventTypesOf = rows("SELECT * FROM event_type WHERE environment_seq = ? ORDER BY seq");
  const tokensOf = rows("SELECT * FROM token WHERE application_seq = ? AND revoked_at IS NULL ORDER BY seq");
  const jwtEndsOf = rows("SELECT * FROM jwt_end WHERE application_seq = ?");
  const messageOf = rows("SELECT * FROM message WHERE seq = ? AND application_seq = ?");
  const sizeOf = db.prepare<{ bytes: number }, [number]>(
    "SELECT COALESCE(LENGTH(payload), 0) AS bytes FROM message WHERE seq = ?",
  );
  const nextMessages = db.prepare<{ seq: number }, [number, number, number]>(
    "SELECT seq FROM message WHERE application_seq = ? AND seq > ? ORDER BY seq LIMIT ?",
  );
  const deliveriesOf = rows("SELECT * FROM delivery WHERE message_seq = ?");
  // Several attempts of a batch may share one stored response.
  const withShared = rows(
    `SELECT a.*, (SELECT r.response FROM attempt r WHERE r.seq = a.response_in) AS shared FROM attempt a
     WHERE a.message_seq = ? ORDER BY a.seq`,
  );
  const attemptsOf = (messageSeq: Seq): Row[] =>
    withShared(messageSeq).map(({ shared, ...row }) => ({
      ...row,
      response: row.response ?? shared ?? null,
      response_in: null,
    }));

  const idsOf = (prefix: IdPrefix, found: readonly Row[], column: string) =>
    found.flatMap((row) =>
      row[column] === null ? [] : [[`${prefix}${row[column]}`, ids.encode(prefix, row[column] as Seq)]],
    );

  const readMessages = (applicationSeq: Seq, seqs: readonly Seq[]): Row[] => {
    const found: Row[] = [];
    let bytes = 0;
    for (const seq of seqs.slice(0, MESSAGES_MAX)) {
      bytes += sizeOf.get(seq)?.bytes ?? 0;
      if (found.length > 0 && bytes > PAYLOAD_BYTES_MAX) break;
      found.push(...messageOf(seq, applicationSeq));
    }
    return found;
  };

  return {
    ...departures(parts),
    settings: async (applicationSeq) => {
      const application = applicationOf(applicationSeq)[0]!;
      const [endpoints, tokens] = [endpointsOf(applicationSeq), tokensOf(applicationSeq)];
      return {
        part: "settings",
        application,
        ids: Object.fromEntries([
          ...idsOf("app_", [application], "seq"),
          ...idsOf("ep_", endpoints, "seq"),
          ...idsOf("tok_", tokens, "seq"),
        ]),
        eventTypes: eventTypesOf(application.environment_seq as Seq),
        endpoints,
        secrets: secretsOf(applicationSeq),
        tokens,
        jwtEnds: jwtEndsOf(applicationSeq),
      };
    },
    waiting: waitingVerb(parts, idsOf),
    messages: async (applicationSeq, seqs) => {
      const messages = readMessages(applicationSeq, seqs);
      return { part: "messages", ids: Object.fromEntries(idsOf("msg_", messages, "seq")), messages };
    },
    history: async (applicationSeq, after) => {
      const seqs = nextMessages.all(applicationSeq, after, MESSAGES_MAX).map(({ seq }) => seq);
      const messages = readMessages(applicationSeq, seqs);
      const read = messages.map(({ seq }) => seq as Seq);
      const deliveries = read.flatMap((seq) => deliveriesOf(seq));
      return {
        ...{ part: "history", after, last: read.at(-1) ?? after },
        ids: Object.fromEntries([
          ...idsOf("msg_", messages, "seq"),
          ...idsOf("ep_", deliveries, "endpoint_seq"),
          ...idsOf("batch_", deliveries, "batch_seq"),
        ]),
        ...{ messages, deliveries, attempts: read.flatMap((seq) => attemptsOf(seq)) },
      };
    },
  };
}

/** Reads the pending deliveries of each endpoint in the order of its lane, and then its dead letters. */
function waitingVerb(
  { db, box }: OriginParts,
  idsOf: (prefix: IdPrefix, found: readonly Row[], column: string) => (string | unknown)[][],
): MoveOrigin["waiting"] {
  const endpointsFrom = db.prepare<{ seq: number }, [number, number]>(
    "SELECT seq FROM endpoint WHERE application_seq = ? AND seq >= ? ORDER BY seq",
  );
  const after = (state: number, column: string) =>
    db.prepare<StoredRow, number[]>(
      `SELECT * FROM delivery WHERE state = ${state} AND endpoint_seq = ? AND (${column}, seq) > (?, ?)
       ORDER BY ${column}, seq LIMIT ?`,
    );
  const lists = [
    { state: STATE.pending, column: "position", next: after(STATE.pending, "position") },
    { state: STATE.dead, column: "seq", next: after(STATE.dead, "seq") },
  ];
  return async (applicationSeq, cursor, aheadMs) => {
    const found: Row[] = [];
    let next: WaitingCursor | null = null;
    for (const { seq: endpointSeq } of endpointsFrom.all(applicationSeq, cursor?.endpointSeq ?? 0)) {
      for (const list of lists) {
        const isCursors = endpointSeq === cursor?.endpointSeq;
        if (isCursors && list.state < cursor.state) continue;
        const from = isCursors && list.state === cursor.state ? cursor : { place: -1, seq: -1 };
        const rows = list.next.all(endpointSeq, from.place, from.seq, DELIVERIES_MAX - found.length);
        for (const row of rows) found.push(toPage(withWallTime(row, aheadMs), box));
        if (found.length < DELIVERIES_MAX) continue;
        const last = rows.at(-1)!;
        next = { endpointSeq, state: list.state, place: last[list.column] as Seq, seq: last.seq as Seq };
        break;
      }
      if (next !== null) break;
    }
    const ids = Object.fromEntries([
      ...idsOf("msg_", found, "message_seq"),
      ...idsOf("ep_", found, "endpoint_seq"),
      ...idsOf("batch_", found, "batch_seq"),
    ]);
    return { page: { part: "waiting", ids, deliveries: found }, next };
  };
}

/** Due times of retries are delivery times. */
function withWallTime(row: StoredRow, aheadMs: number): StoredRow {
  return (row.attempts_total as number) > 0 ? { ...row, due_at: (row.due_at as number) + aheadMs } : row;
}

type DepartureVerbs = Pick<MoveOrigin, "departure" | "obstacle" | "fingerprint" | "depart">;

function departures({ db, committer, usages }: OriginParts): DepartureVerbs & { readonly departed: ReadonlySet<Seq> } {
  const columns =
    "application_seq AS applicationSeq, environment_seq AS environmentSeq, uid, url, hold, departed_at AS departedAt";
  const bySeq = db.prepare<Departure, [number, number]>(
    `SELECT ${columns} FROM departure WHERE application_seq = ? AND environment_seq = ?`,
  );
  const byUid = db.prepare<Departure, [string, number]>(
    `SELECT ${columns} FROM departure WHERE uid = ? AND environment_seq = ? ORDER BY departed_at DESC LIMIT 1`,
  );
  const record = db.prepare(
    `INSERT INTO departure (application_seq, environment_seq, uid, url, hold, departed_at) VALUES (?, ?, ?, ?, ?, ?)`,
  );
  const fingerprint = fingerprintOf(db);
  const obstacle = obstacleOf(db);
  const remove = applicationRemover(db, usages);
  const departed = new Set<Seq>();
  return {
    departed,
    departure: async (environmentSeq, key) =>
      "seq" in key ? bySeq.get(key.seq, environmentSeq) : byUid.get(key.uid, environmentSeq),
    obstacle: async (applicationSeq) => obstacle(applicationSeq),
    fingerprint: async (applicationSeq) => fingerprint(applicationSeq),
    depart: async (departure, expected) => {
      const { applicationSeq, environmentSeq, uid, url, hold, departedAt } = departure;
      try {
        return await committer.write(() => {
          if (fingerprint(applicationSeq) !== expected || obstacle(applicationSeq) !== null) return null;
          departed.add(applicationSeq);
          record.run(applicationSeq, environmentSeq, uid, url, hold, departedAt);
          return remove(applicationSeq, departedAt);
        });
      } catch (error) {
        // If the outcome of the commit is unknown, the application must not accept messages.
        if (!(error instanceof StoreUnavailable) || bySeq.get(applicationSeq, environmentSeq) === null) {
          departed.delete(applicationSeq);
        }
        throw error;
      }
    },
  };
}

/** What cannot be moved, with the reason for users. */
function obstacleOf(db: Database): (applicationSeq: Seq) => string | null {
  const obstacles = [
    ["SELECT 1 FROM poller WHERE application_seq = ?", "The application has pollers, which cannot be moved."],
    [
      "SELECT 1 FROM poller_group WHERE application_seq = ?",
      "The application has groups of workers, which cannot be moved.",
    ],
    [
      "SELECT 1 FROM endpoint WHERE application_seq = ? AND api_version IS NOT NULL AND deleted_at IS NULL",
      "An endpoint is pinned to a payload version, which the other server may not have. Such applications cannot be moved.",
    ],
    [
      "SELECT 1 FROM task WHERE status = 'running' AND data ->> 'applicationSeq' = ?",
      "A background task of the application is running. Wait until it has ended, or cancel it.",
    ],
  ].map(([sql, reason]) => ({ exists: db.prepare<unknown, [number]>(sql!), reason: reason! }));
  return (applicationSeq) => obstacles.find(({ exists }) => exists.get(applicationSeq) !== null)?.reason ?? null;
}

/** The sum of whole numbers of many rows does not fit into an integer. */
function sumOf(column: string): string {
  return `SUM(${column} % 4294967296)`;
}

function fingerprintOf(db: Database): (applicationSeq: Seq) => string {
  const parts = [
    "SELECT * FROM application WHERE seq = ?",
    "SELECT * FROM endpoint WHERE application_seq = ?",
    `SELECT s.* FROM endpoint_secret s JOIN endpoint e ON e.seq = s.endpoint_seq WHERE e.application_seq = ?`,
    "SELECT seq, expires_at, revoked_at, scopes FROM token WHERE application_seq = ?",
    "SELECT * FROM jwt_end WHERE application_seq = ?",
    "SELECT MAX(seq) FROM message WHERE application_seq = ?",
    // The indexes contain these columns, so the rows are not read. CROSS JOIN keeps the order.
    `SELECT COUNT(*), ${sumOf("d.position")}, ${sumOf("d.seq")} FROM endpoint e CROSS JOIN delivery d
     ON d.endpoint_seq = e.seq AND d.state = ${STATE.pending} WHERE e.application_seq = ?`,
    `SELECT COUNT(*), ${sumOf("d.seq")} FROM endpoint e CROSS JOIN delivery d
     ON d.endpoint_seq = e.seq AND d.state = ${STATE.dead} WHERE e.application_seq = ?`,
  ].map((sql) => db.prepare<unknown, [number]>(sql));
  return (applicationSeq) => {
    const hash = createHash("sha256");
    for (const part of parts) {
      for (const row of part.values(applicationSeq)) {
        for (const value of row) hash.update(value instanceof Uint8Array ? value : `${JSON.stringify(value)},`);
        hash.update("\n");
      }
      hash.update("\0");
    }
    return hash.digest("hex");
  };
}
