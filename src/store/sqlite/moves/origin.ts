import type { Database } from "bun:sqlite";
import type { IdCodec, IdPrefix, Seq } from "../../../core/id.ts";
import type { MoveOrigin, Row, WaitingCursor } from "../../index.ts";
import { STATE } from "../../sql/delivery-row.ts";
import type { SecretBox } from "../../sql/secret-box.ts";
import type { Committer } from "../commit.ts";
import type { QuotaUsages } from "../quota-usage.ts";
import { departures } from "./departures.ts";
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
