import type { Database } from "bun:sqlite";
import { createHash } from "node:crypto";
import type { Seq, SeqSource } from "../../../core/id.ts";
import { type Departure, type MoveOrigin, StoreUnavailable } from "../../index.ts";
import { STATE } from "../../sql/delivery-row.ts";
import type { Committer } from "../commit/commit.ts";
import { applicationRemover } from "../configuration/applications.ts";
import { taskInsert } from "../housekeeping/tasks.ts";
import type { QuotaUsages } from "../queue/quota-usage.ts";
import type { ApplicationChanges } from "./application-changes.ts";
import type { KeptIds } from "./moved-ids.ts";

type DepartureVerbs = Pick<
  MoveOrigin,
  "departed" | "departure" | "deleted" | "obstacle" | "fingerprint" | "forget" | "depart"
>;

interface Parts {
  readonly db: Database;
  readonly committer: Committer;
  readonly usages: QuotaUsages;
  readonly kept: KeptIds;
  readonly numbers: SeqSource;
  /** How many payloads of an application have been deleted since the start. */
  readonly erasures: ReadonlyMap<Seq, number>;
  readonly applicationChanges: ApplicationChanges;
}

/** How applications leave. */
export function departures(parts: Parts): DepartureVerbs {
  const { db, committer, usages, kept, numbers, erasures, applicationChanges: changes } = parts;
  const columns =
    "application_seq AS applicationSeq, environment_seq AS environmentSeq, uid, url, hold, departed_at AS departedAt";
  const bySeq = db.prepare<Departure, [number, number]>(
    `SELECT ${columns} FROM departure WHERE application_seq = ? AND environment_seq = ?`,
  );
  const byUid = db.prepare<Departure, [string, number]>(
    `SELECT ${columns} FROM departure WHERE uid = ? AND environment_seq = ? ORDER BY departed_at DESC LIMIT 1`,
  );
  // An application that has departed was deleted here too. Its departure has no uid after another application
  // with its uid has arrived, so it would be found by its uid, although the destination may have its only copy.
  // One whose move to this server was given up has an id from elsewhere, but no arrival, and may be anywhere.
  const deletedWith = (condition: string) =>
    db.prepare<{ seq: Seq | null }, [number | string, number]>(
      `SELECT MAX(seq) AS seq FROM application a WHERE ${condition} AND environment_seq = ? AND deleted_at IS NOT NULL
       AND NOT EXISTS (SELECT 1 FROM departure d WHERE d.application_seq = a.seq)
       AND (NOT EXISTS (SELECT 1 FROM moved_id i WHERE i.seq = a.seq AND i.id >= 'app_' AND i.id < 'app\`')
         OR EXISTS (SELECT 1 FROM arrival r WHERE r.application_seq = a.seq))`,
    );
  const [deletedBySeq, deletedByUid] = [deletedWith("a.seq = ?"), deletedWith("a.uid = ?")];
  const record = db.prepare(
    `INSERT INTO departure (application_seq, environment_seq, uid, url, hold, departed_at) VALUES (?, ?, ?, ?, ?, ?)`,
  );
  const fingerprint = fingerprintOf(db, erasures);
  const current = (applicationSeq: Seq): string | null => {
    const count = changes.of(applicationSeq);
    return count === null ? null : fingerprint(applicationSeq, count);
  };
  const obstacle = obstacleOf(db);
  const remove = applicationRemover(db, usages);
  const deadLetter = db.prepare<unknown, [number]>(
    `SELECT 1 FROM endpoint e CROSS JOIN delivery d ON d.endpoint_seq = e.seq AND d.state = ${STATE.dead}
     WHERE e.application_seq = ? LIMIT 1`,
  );
  const insertTask = taskInsert(db);
  const departed = new Set<Seq>();
  return {
    departed,
    departure: async (environmentSeq, key) =>
      "seq" in key ? bySeq.get(key.seq, environmentSeq) : byUid.get(key.uid, environmentSeq),
    deleted: async (environmentSeq, key) =>
      ("seq" in key ? deletedBySeq.get(key.seq, environmentSeq) : deletedByUid.get(key.uid, environmentSeq))!.seq,
    obstacle: async (applicationSeq) => obstacle(applicationSeq),
    fingerprint: async (applicationSeq) => {
      changes.begin(applicationSeq);
      return current(applicationSeq)!;
    },
    forget: (applicationSeq) => changes.end(applicationSeq),
    depart: async (departure, expected, drop) => {
      const { applicationSeq, environmentSeq, uid, url, hold, departedAt } = departure;
      try {
        return await committer.write(() => {
          if (current(applicationSeq) !== expected || obstacle(applicationSeq) !== null) return null;
          departed.add(applicationSeq);
          record.run(applicationSeq, environmentSeq, uid, url, hold, departedAt);
          // The numbers of its rows are in use at the destination, although the rows here will be deleted.
          kept.keepLast(numbers.last);
          const hasDeadLetters = deadLetter.get(applicationSeq) !== null;
          if (hasDeadLetters) insertTask(drop);
          return { endpointSeqs: remove(applicationSeq, departedAt), hasDeadLetters };
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

/** `changes` stands for the rows that are not read here. */
function fingerprintOf(db: Database, erasures: Parts["erasures"]): (applicationSeq: Seq, changes: string) => string {
  const parts = [
    "SELECT * FROM application WHERE seq = ?",
    "SELECT v.* FROM application a JOIN payload_version v ON v.environment_seq = a.environment_seq WHERE a.seq = ?",
    "SELECT seq, expires_at, revoked_at, scopes FROM token WHERE application_seq = ?",
    "SELECT * FROM jwt_end WHERE application_seq = ?",
    "SELECT seq FROM application_messages WHERE application_seq = ? ORDER BY seq DESC LIMIT 1",
    "SELECT MAX(stored_seq) FROM idempotency WHERE application_seq = ?",
    "SELECT * FROM poller WHERE application_seq = ?",
    "SELECT * FROM poller_group WHERE application_seq = ?",
    `SELECT COUNT(*), ${sumOf("l.message_seq")}, ${sumOf("l.times")}, ${sumOf("l.ends_at")}
     FROM poller_group g CROSS JOIN poller_lease l ON l.group_id = g.id WHERE g.application_seq = ?`,
  ].map((sql) => db.prepare<unknown, [number]>(sql));
  return (applicationSeq, changes) => {
    const hash = createHash("sha256").update(`${erasures.get(applicationSeq) ?? 0} ${changes}`);
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
