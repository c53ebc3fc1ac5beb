import type { Database } from "bun:sqlite";
import { seqAt } from "../../core/id.ts";
import { endpointFields } from "../../core/resources/endpoint.ts";
import type { Configuration, Endpoint, EndpointSecret, KnownEndpoint } from "../index.ts";
import type { Committer } from "./commit.ts";
import { mappingOf, type Row } from "./mapping.ts";
import { pageOf, walk } from "./page.ts";
import { isUniqueConflict } from "./rows.ts";
import type { SecretBox } from "./secret-box.ts";

/** Valid old secrets that an endpoint may have. The same limit as in the Svix API. */
const OLD_SECRETS_MAX = 10;

const { columns, insert, assignments, toRecord, toRecordOrNull, toBindings } = mappingOf("endpoint", endpointFields, {
  retryScheduleMs: { column: "retry_schedule" },
  ordering: {
    column: "fifo",
    encode: (ordering) => (ordering === "fifo" ? 1 : 0),
    decode: (fifo) => (fifo === 1 ? "fifo" : "parallel"),
  },
});

const COLUMNS = `${columns}, deleted_at AS deletedAt`;

export function endpoints(db: Database, committer: Committer, box: SecretBox): Configuration["endpoints"] {
  const bySeq = db.prepare<Row, [number]>(`SELECT ${COLUMNS} FROM endpoint WHERE seq = ?`);
  const belongsTo = db.prepare<Pick<KnownEndpoint, "environmentSeq" | "applicationThrottleRate">, [number]>(
    "SELECT environment_seq AS environmentSeq, throttle_rate AS applicationThrottleRate FROM application WHERE seq = ?",
  );
  const inApplication = db.prepare<Row, [number, number]>(
    `SELECT ${COLUMNS} FROM endpoint WHERE seq = ? AND application_seq = ? AND deleted_at IS NULL`,
  );
  const byUid = db.prepare<Row, [string, number]>(
    `SELECT ${COLUMNS} FROM endpoint WHERE uid = ? AND application_seq = ? AND deleted_at IS NULL`,
  );
  const active = db.prepare<Row, [number]>(
    `SELECT ${COLUMNS} FROM endpoint WHERE application_seq = ? AND deleted_at IS NULL AND disabled = 0 ORDER BY seq`,
  );
  const ever = db.prepare<{ seq: number }, [number]>("SELECT seq FROM endpoint WHERE application_seq = ? ORDER BY seq");
  const insertOne = db.prepare(insert());
  const replace = db.prepare(`UPDATE endpoint SET ${assignments} WHERE seq = $seq AND deleted_at IS NULL`);
  const remove = db.prepare("UPDATE endpoint SET deleted_at = ?2 WHERE seq = ?1 AND deleted_at IS NULL");
  // A scheduled first attempt keeps its position: at the head of the lane it would hold up the
  // others.
  const orderByAcceptance = db.prepare(
    `UPDATE delivery SET position = seq
     WHERE endpoint_seq = ?1 AND state = 0 AND (attempts_total > 0 OR trigger = 1 OR due_at <= ?2)`,
  );
  const orderByDue = db.prepare(
    "UPDATE delivery SET position = MAX(position, ?3 + (due_at - ?2) * 4096) WHERE endpoint_seq = ?1 AND state = 0 AND due_at > ?2",
  );
  const insertSecret = db.prepare("INSERT INTO endpoint_secret (endpoint_seq, sealed, expires_at) VALUES (?, ?, NULL)");
  const retireSecrets = db.prepare(
    "UPDATE endpoint_secret SET expires_at = ?2 WHERE endpoint_seq = ?1 AND expires_at IS NULL",
  );
  const forgetSecrets = db.prepare("DELETE FROM endpoint_secret WHERE endpoint_seq = ? AND expires_at <= ?");
  const validSecrets = db.prepare<{ sealed: Uint8Array; expires_at: number | null }, [number, number]>(
    `SELECT sealed, expires_at FROM endpoint_secret WHERE endpoint_seq = ? AND (expires_at IS NULL OR expires_at > ?)
     ORDER BY expires_at IS NOT NULL, id DESC`,
  );
  const oldSecrets = db.prepare<{ count: number }, [number, number]>(
    "SELECT COUNT(*) AS count FROM endpoint_secret WHERE endpoint_seq = ? AND expires_at > ?",
  );

  const unlessTaken = async (work: () => unknown): Promise<boolean> => {
    try {
      await committer.write(work);
      return true;
    } catch (error) {
      if (isUniqueConflict(error)) return false;
      throw error;
    }
  };

  const resort = (before: Endpoint, endpoint: Endpoint): void => {
    if (before.ordering === endpoint.ordering) return;
    if (endpoint.ordering === "fifo") orderByAcceptance.run(endpoint.seq, endpoint.updatedAt);
    else orderByDue.run(endpoint.seq, endpoint.updatedAt, seqAt(endpoint.updatedAt));
  };

  return {
    find: async (applicationSeq, key) =>
      toRecordOrNull("seq" in key ? inApplication.get(key.seq, applicationSeq) : byUid.get(key.uid, applicationSeq)),
    get: async (seq) => {
      const row = bySeq.get(seq);
      if (row === null) return null;
      const endpoint = toRecord(row);
      return { ...endpoint, ...belongsTo.get(endpoint.applicationSeq)!, deleted: row.deletedAt !== null };
    },
    list: async (applicationSeq, page) => {
      const { condition, direction } = walk("seq", page);
      const rows = db
        .query<Row, [Record<string, number>]>(
          `SELECT ${COLUMNS} FROM endpoint WHERE application_seq = $applicationSeq AND deleted_at IS NULL${condition}
           ORDER BY seq ${direction} LIMIT $limit`,
        )
        .all({ applicationSeq, limit: page.limit + 1, ...(page.from === null ? {} : { from: page.from }) });
      return pageOf(rows.map(toRecord), page);
    },
    ever: async (applicationSeq) => ever.all(applicationSeq).map(({ seq }) => seq),
    active: async (applicationSeq) => active.all(applicationSeq).map(toRecord),
    create: (endpoint, secret) =>
      unlessTaken(() => {
        insertOne.run(toBindings(endpoint));
        insertSecret.run(endpoint.seq, box.seal(secret));
      }),
    update: async (seq, change) => {
      try {
        return await committer.write(() => {
          const row = bySeq.get(seq);
          if (row === null || row.deletedAt !== null) return "gone";
          const before = toRecord(row);
          const { applicationSeq, createdAt } = before;
          const after = { ...before, ...change(before), seq, applicationSeq, createdAt };
          replace.run(toBindings(after));
          resort(before, after);
          return { before, after };
        });
      } catch (error) {
        if (isUniqueConflict(error)) return "taken";
        throw error;
      }
    },
    delete: (seq, deletedAt) => committer.write(() => void remove.run(seq, deletedAt)),
    secrets: async (seq, now): Promise<EndpointSecret[]> =>
      validSecrets.all(seq, now).map((row) => ({ secret: box.open(row.sealed), expiresAt: row.expires_at })),
    rotateSecret: (seq, secret, now, oldExpiresAt) =>
      committer.write(() => {
        if (oldSecrets.get(seq, now)!.count >= OLD_SECRETS_MAX) return false;
        retireSecrets.run(seq, oldExpiresAt);
        forgetSecrets.run(seq, now);
        insertSecret.run(seq, box.seal(secret));
        return true;
      }),
  };
}
