import type { Database } from "bun:sqlite";
import { sessionIdleMs } from "../../core/session.ts";
import type { Configuration, Session, SessionUser } from "../index.ts";
import { Conditions, pageOf, walk } from "../sql/page.ts";
import { jsonOrNull, parsed } from "../sql/rows.ts";
import type { Committer } from "./commit.ts";

interface Row extends Omit<Session, "user"> {
  user: string | null;
}

const COLUMNS = `s.seq, s.environment_seq AS environmentSeq, s.owner_sha256 AS ownerSha256, s.token_seq AS tokenSeq,
  s.unsigned_jwt AS unsignedJwt, s.user, s.name, s.user_agent AS userAgent, s.address, s.created_at AS createdAt,
  s.last_used_at AS lastUsedAt, s.expires_at AS expiresAt`;
/** True if the session `s` has not ended at `$now`. */
const LIVE = `s.ends_at > $now AND (s.token_seq IS NULL OR EXISTS (
  SELECT 1 FROM token t WHERE t.seq = s.token_seq AND t.revoked_at IS NULL
    AND (t.expires_at IS NULL OR t.expires_at > $now)))`;

function toSession({ user, ...rest }: Row): Session {
  return { ...rest, user: user === null ? null : parsed<SessionUser>(user) };
}

export function sessions(db: Database, committer: Committer): Configuration["sessions"] {
  const insert = db.prepare(
    `INSERT INTO session (seq, sha256, environment_seq, owner_sha256, token_seq, unsigned_jwt, user, name, user_agent,
       address, created_at, last_used_at, expires_at, ends_at)
     VALUES ($seq, $sha256, $environmentSeq, $ownerSha256, $tokenSeq, $unsignedJwt, $user, $name, $userAgent,
       $address, $createdAt, $lastUsedAt, $expiresAt, MIN($expiresAt, $lastUsedAt + ${sessionIdleMs}))`,
  );
  const dropOldest = db.prepare(
    `DELETE FROM session WHERE seq IN (
       SELECT seq FROM session WHERE owner_sha256 = ? ORDER BY last_used_at DESC, seq DESC LIMIT -1 OFFSET ?)`,
  );
  const bySecret = db.prepare<Row, [Record<string, number | Uint8Array>]>(
    `SELECT ${COLUMNS} FROM session s WHERE s.sha256 = $sha256 AND ${LIVE}`,
  );
  const bySeq = db.prepare<Row, [number]>(`SELECT ${COLUMNS} FROM session s WHERE s.seq = ?`);
  const touch = db.prepare(
    `UPDATE session SET last_used_at = ?2, ends_at = MIN(expires_at, ?2 + ${sessionIdleMs})
     WHERE seq = ?1 AND last_used_at < ?2`,
  );
  const drop = db.prepare("DELETE FROM session WHERE seq = ?");
  const dropOfRoot = db.prepare(
    `DELETE FROM session WHERE environment_seq IS NULL AND token_seq IS NULL AND unsigned_jwt IS NULL
       AND user IS NULL AND owner_sha256 IS NOT ?`,
  );

  return {
    create: ({ user, ...session }, sha256, ownedMax) =>
      committer.write(() => {
        dropOldest.run(session.ownerSha256, ownedMax - 1);
        insert.run({ ...session, user: jsonOrNull(user), sha256 });
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
        .add(LIVE, { now });
      const { condition, direction } = walk("s.seq", page);
      const rows = db
        .query<Row, [typeof where.values]>(
          `SELECT ${COLUMNS} FROM session s WHERE 1${where.sql}${condition} ORDER BY s.seq ${direction} LIMIT $limit`,
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
