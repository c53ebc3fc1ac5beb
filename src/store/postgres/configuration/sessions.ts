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
import type { Database } from "../connection/database.ts";

export function sessions(database: Database, committer: Committer): Configuration["sessions"] {
  const SELECT = `SELECT ${SESSION_COLUMNS} FROM session s WHERE`;
  return {
    create: (session, sha256, ownedMax) =>
      committer.write(async (transaction) => {
        // Logins of the owner at other instances wait, so that they count this session.
        await transaction.run("SELECT pg_advisory_xact_lock(hashtextextended(encode($1, 'hex'), 0))", [
          session.ownerSha256,
        ]);
        await transaction.run(
          `DELETE FROM session WHERE seq IN (
             SELECT seq FROM session WHERE owner_sha256 = $1 ORDER BY last_used_at DESC, seq DESC OFFSET $2)`,
          [session.ownerSha256, ownedMax - 1],
        );
        await transaction.run(INSERT_SESSION, sessionBindings(session, sha256));
      }),
    withHash: async (sha256, now) => {
      const row = await database.first<SessionRow>(`${SELECT} s.sha256 = $sha256 AND ${IS_LIVE}`, { sha256, now });
      return row === null ? null : toSession(row);
    },
    get: async (seq) => {
      const row = await database.first<SessionRow>(`${SELECT} s.seq = $1`, [seq]);
      return row === null ? null : toSession(row);
    },
    list: async ({ environmentSeq, includesRoot, now }, page) => {
      const where = new Conditions().add(IS_LIVE, { now });
      const { condition, direction } = walk("s.seq", page);
      const rows = await database.all<SessionRow>(
        `${SELECT} (s.environment_seq = $environmentSeq${includesRoot ? " OR s.environment_seq IS NULL" : ""})
           ${where.sql}${condition} ORDER BY s.seq ${direction} LIMIT $limit`,
        { ...where.values, environmentSeq, limit: page.limit + 1, from: page.from },
      );
      return pageOf(rows.map(toSession), page);
    },
    use: (seq, now) =>
      committer.write(async (transaction) => {
        await transaction.run(
          `UPDATE session SET last_used_at = $2, ends_at = LEAST(expires_at, $2::bigint + ${sessionIdleMs})
           WHERE seq = $1 AND last_used_at < $2`,
          [seq, now],
        );
      }),
    end: (seq) =>
      committer.write(
        async (transaction) => (await transaction.run("DELETE FROM session WHERE seq = $1", [seq])) === 1,
      ),
    endOfRoot: (except) =>
      committer.write((transaction) =>
        transaction.run(`DELETE FROM session WHERE ${IS_OF_ROOT} AND owner_sha256 IS DISTINCT FROM $1`, [except]),
      ),
  };
}
