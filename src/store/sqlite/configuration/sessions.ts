import type { Database } from "bun:sqlite";
import { sessionIdleMs } from "../../../core/session.ts";
import type { Configuration } from "../../index.ts";
import { Conditions, pageOf, walk } from "../../sql/page.ts";
import {
  INSERT_SESSION,
  IS_LIVE,
  IS_OF_ROOT,
  SESSION_COLUMNS,
  type SessionRow,
  sessionBindings,
  toSession,
} from "../../sql/session-row.ts";
import type { Committer } from "../commit/commit.ts";

export function sessions(db: Database, committer: Committer): Configuration["sessions"] {
  const insert = db.prepare(INSERT_SESSION);
  const dropOldest = db.prepare(
    `DELETE FROM session WHERE seq IN (
       SELECT seq FROM session WHERE owner_sha256 = ? ORDER BY last_used_at DESC, seq DESC LIMIT -1 OFFSET ?)`,
  );
  const bySecret = db.prepare<SessionRow, [Record<string, number | Uint8Array>]>(
    `SELECT ${SESSION_COLUMNS} FROM session s WHERE s.sha256 = $sha256 AND ${IS_LIVE}`,
  );
  const bySeq = db.prepare<SessionRow, [number]>(`SELECT ${SESSION_COLUMNS} FROM session s WHERE s.seq = ?`);
  const touch = db.prepare(
    `UPDATE session SET last_used_at = ?2, ends_at = MIN(expires_at, ?2 + ${sessionIdleMs})
     WHERE seq = ?1 AND last_used_at < ?2`,
  );
  const drop = db.prepare("DELETE FROM session WHERE seq = ?");
  const dropOfRoot = db.prepare(`DELETE FROM session WHERE ${IS_OF_ROOT} AND owner_sha256 IS NOT ?`);

  return {
    create: (session, sha256, ownedMax) =>
      committer.write(() => {
        dropOldest.run(session.ownerSha256, ownedMax - 1);
        insert.run(sessionBindings(session, sha256));
      }),
    withHash: async (sha256, now) => {
      const row = bySecret.get({ sha256, now });
      return row === null ? null : toSession(row);
    },
    get: async (seq) => {
      const row = bySeq.get(seq);
      return row === null ? null : toSession(row);
    },
    list: async ({ environmentSeq, includesRoot, now }, page) => {
      const where = new Conditions()
        .add(`(s.environment_seq = $environmentSeq${includesRoot ? " OR s.environment_seq IS NULL" : ""})`, {
          environmentSeq,
        })
        .add(IS_LIVE, { now });
      const { condition, direction } = walk("s.seq", page);
      const rows = db
        .query<SessionRow, [typeof where.values]>(
          `SELECT ${SESSION_COLUMNS} FROM session s WHERE 1${where.sql}${condition} ORDER BY s.seq ${direction} LIMIT $limit`,
        )
        .all({ ...where.values, limit: page.limit + 1, ...(page.from === null ? {} : { from: page.from }) });
      return pageOf(rows.map(toSession), page);
    },
    use: (seq, now) => committer.write(() => void touch.run(seq, now)),
    end: (seq) => committer.write(() => drop.run(seq).changes === 1),
    endOfRoot: (except) => committer.write(() => dropOfRoot.run(except).changes),
  };
}

/**
 * Returns a function that deletes up to `limit` sessions that have ended. A session whose token was
 * revoked is deleted after its idle time.
 */
export function endedSessions(db: Database): (now: number, limit: number) => number {
  const drop = db.prepare("DELETE FROM session WHERE seq IN (SELECT seq FROM session WHERE ends_at <= ?1 LIMIT ?2)");
  return (now, limit) => drop.run(now, limit).changes;
}
