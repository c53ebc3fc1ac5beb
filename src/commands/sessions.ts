import type { Seq } from "../core/id.ts";
import { userSessionMs } from "../core/oidc.ts";
import {
  sessionAgeMaxMs,
  sessionSecretBytes,
  sessionSecretText,
  sessionsPerOwnerMax,
  userAgentCharsMax,
} from "../core/session.ts";
import { cutText } from "../core/text.ts";
import { tokenHash } from "../core/token.ts";
import type { Session, SessionUser } from "../store/index.ts";
import type { CommandContext } from "./context.ts";

type Parts = Pick<CommandContext, "store" | "seqs" | "clock" | "random">;

export interface NewSession
  extends Pick<
    Session,
    "environmentSeq" | "ownerSha256" | "tokenSeq" | "unsignedJwt" | "user" | "name" | "userAgent" | "address"
  > {
  /** The time at which the session ends at the latest; null means the maximum age. */
  readonly expiresAt: number | null;
}

/** A new session. Its secret is not stored, so it cannot be read again. */
export interface OpenedSession {
  readonly session: Session;
  readonly secret: string;
}

/** Opens a session that lasts at most `ageMaxMs`. */
export async function openSession(
  { store, seqs, clock, random }: Parts,
  { expiresAt, userAgent, ...wanted }: NewSession,
  ageMaxMs: number = sessionAgeMaxMs,
): Promise<OpenedSession> {
  const now = clock.now();
  const secret = sessionSecretText(random.bytes(sessionSecretBytes));
  const session: Session = {
    ...wanted,
    seq: seqs.next(),
    userAgent: cutText(userAgent.toWellFormed(), userAgentCharsMax),
    createdAt: now,
    lastUsedAt: now,
    expiresAt: Math.min(expiresAt ?? Number.POSITIVE_INFINITY, now + ageMaxMs),
  };
  await store.configuration.sessions.create(session, tokenHash(secret), sessionsPerOwnerMax);
  return { session, secret };
}

/** Opens a session with all rights for a person who has logged in at the identity provider. */
export function openUserSession(
  parts: Parts,
  user: SessionUser,
  from: Pick<Session, "userAgent" | "address">,
): Promise<OpenedSession> {
  const wanted = {
    ...from,
    user,
    ownerSha256: tokenHash(JSON.stringify([user.issuer, user.id])),
    name: user.name || user.email,
    environmentSeq: null,
    tokenSeq: null,
    unsignedJwt: null,
    expiresAt: null,
  };
  return openSession(parts, wanted, userSessionMs);
}

/** Ends a session at once. Returns false if it has ended before. */
export function endSession({ store }: Pick<Parts, "store">, seq: Seq): Promise<boolean> {
  return store.configuration.sessions.end(seq);
}
