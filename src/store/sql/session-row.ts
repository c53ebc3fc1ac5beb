import { sessionIdleMs } from "../../core/session.ts";
import type { Session, SessionUser } from "../index.ts";
import { jsonOrNull, parsed } from "./rows.ts";

export interface SessionRow extends Omit<Session, "user"> {
  user: string | null;
}

/** The columns of the session `s`. The name of the column `user` is a reserved word of PostgreSQL. */
export const SESSION_COLUMNS = `s.seq, s.environment_seq AS "environmentSeq", s.owner_sha256 AS "ownerSha256",
  s.token_seq AS "tokenSeq", s.unsigned_jwt AS "unsignedJwt", s."user", s.name, s.user_agent AS "userAgent", s.address,
  s.created_at AS "createdAt", s.last_used_at AS "lastUsedAt", s.expires_at AS "expiresAt"`;

export const INSERT_SESSION = `INSERT INTO session (seq, sha256, environment_seq, owner_sha256, token_seq, unsigned_jwt,
    "user", name, user_agent, address, created_at, last_used_at, expires_at, ends_at)
  VALUES ($seq, $sha256, $environmentSeq, $ownerSha256, $tokenSeq, $unsignedJwt, $user, $name, $userAgent, $address,
    $createdAt, $lastUsedAt, $expiresAt, $endsAt)`;

/** True if the session `s` has not ended at `$now`. */
export const IS_LIVE = `s.ends_at > $now AND (s.token_seq IS NULL OR EXISTS (
  SELECT 1 FROM token t WHERE t.seq = s.token_seq AND t.revoked_at IS NULL
    AND (t.expires_at IS NULL OR t.expires_at > $now)))`;

/** True for the sessions of root tokens. */
export const IS_OF_ROOT = 'environment_seq IS NULL AND token_seq IS NULL AND unsigned_jwt IS NULL AND "user" IS NULL';

export function toSession({ user, ...rest }: SessionRow): Session {
  return { ...rest, user: user === null ? null : parsed<SessionUser>(user) };
}

/** Returns the bindings of `INSERT_SESSION`. */
export function sessionBindings({ user, ...session }: Session, sha256: Uint8Array) {
  const endsAt = Math.min(session.expiresAt, session.lastUsedAt + sessionIdleMs);
  return { ...session, user: jsonOrNull(user), sha256, endsAt };
}
