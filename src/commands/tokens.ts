import { type Capability, readOnly } from "../core/capability.ts";
import type { Seq } from "../core/id.ts";
import { invalid } from "../core/problem.ts";
import { tokenBytes, tokenHash, tokenHint, tokenText } from "../core/token.ts";
import type { Application, Token } from "../store/index.ts";
import type { CommandContext } from "./context.ts";

type CreateParts = Pick<CommandContext, "store" | "seqs" | "clock" | "random">;
type EndParts = Pick<CommandContext, "store" | "clock" | "signals">;

export interface NewToken extends Pick<Token, "name" | "environmentSeq"> {
  /** The application that the token is limited to. Null or absent means the whole environment. */
  readonly applicationSeq?: Seq | null;
  readonly capabilities?: readonly Capability[] | null;
  readonly scopes?: readonly string[] | null;
  /** Default: false. */
  readonly readOnly?: boolean;
  readonly featureFlags?: readonly string[];
  readonly sessionId?: string | null;
  /** Time until the token expires, in ms. Null means that it never expires. */
  readonly validMs: number | null;
}

/** A new token. Its text is not stored, so it cannot be shown again. */
export interface CreatedToken {
  readonly token: Token;
  readonly text: string;
}

/** Creates a token. */
export async function createToken(
  { store, seqs, clock, random }: CreateParts,
  { validMs, ...wanted }: NewToken,
): Promise<CreatedToken> {
  const now = clock.now();
  const text = tokenText(random.bytes(tokenBytes));
  const token: Token = {
    ...{ applicationSeq: null, capabilities: null, scopes: null, readOnly: false, featureFlags: [], sessionId: null },
    ...wanted,
    seq: seqs.next(),
    hint: tokenHint(text),
    createdAt: now,
    expiresAt: validMs === null ? null : now + validMs,
    revokedAt: null,
    lastUsedAt: null,
  };
  await store.configuration.tokens.create(token, tokenHash(text));
  return { token, text };
}

export interface PortalAccess extends Pick<Token, "capabilities" | "scopes" | "featureFlags" | "sessionId"> {
  /** Whether to keep only capabilities that change nothing. */
  readonly isReadOnly: boolean;
  readonly validMs: number;
}

/** Creates a token with which the owner of an application opens the portal. */
export function grantPortalAccess(
  parts: CreateParts,
  { seq, environmentSeq }: Pick<Application, "seq" | "environmentSeq">,
  { isReadOnly, capabilities, ...access }: PortalAccess,
): Promise<CreatedToken> {
  const granted = isReadOnly ? readOnly(capabilities) : capabilities;
  return createToken(parts, { ...access, name: "", environmentSeq, applicationSeq: seq, capabilities: granted });
}

/**
 * Changes the name or scopes of a token. New scopes apply from the next request on. Throws 422 for
 * scopes of an application's token, because capabilities limit it instead.
 */
export async function changeToken(
  { store, signals }: Pick<CommandContext, "store" | "signals">,
  token: Token,
  change: Partial<Pick<Token, "name" | "scopes">>,
): Promise<Token> {
  if (change.scopes !== undefined && token.applicationSeq !== null) {
    throw invalid(["body", "scopes"], "The scopes of an application's token cannot be changed.");
  }
  await store.configuration.tokens.change(token.seq, change);
  if (change.scopes !== undefined) signals.send({ type: "tokens.changed", environmentSeq: token.environmentSeq });
  return { ...token, ...change };
}

type NamedToken = Pick<Token, "seq" | "environmentSeq">;

/** Makes a token expire in `inMs` ms, unless it expires earlier. 0 revokes the token. */
export async function expireToken(
  { store, clock, signals }: EndParts,
  { seq, environmentSeq }: NamedToken,
  inMs: number,
): Promise<void> {
  const now = clock.now();
  await store.configuration.tokens.end(seq, now + inMs);
  if (inMs === 0) await store.configuration.tokens.revoke(seq, now);
  signals.send({ type: "tokens.changed", environmentSeq });
}

/** Permanently revokes a token. Does nothing if it is already revoked. */
export async function revokeToken(
  { store, clock, signals }: EndParts,
  { seq, environmentSeq }: NamedToken,
): Promise<void> {
  await store.configuration.tokens.revoke(seq, clock.now());
  signals.send({ type: "tokens.changed", environmentSeq });
}

/** A JWT that has been verified. */
export interface UsedJwt {
  readonly subject: string;
  readonly sha256: Uint8Array;
  readonly environmentSeq: Seq;
  readonly applicationSeq: Seq | null;
  readonly expiresAt: number | null;
}

/** Revokes a JWT. JWTs are not stored, but their revocations are. */
export async function revokeJwt(
  { store, seqs, clock, signals }: EndParts & Pick<CommandContext, "seqs">,
  { subject, sha256, ...jwt }: UsedJwt,
): Promise<void> {
  const now = clock.now();
  const revoked: Token = {
    ...jwt,
    ...{ capabilities: null, scopes: null, readOnly: false, featureFlags: [], sessionId: null, hint: "" },
    seq: seqs.next(),
    name: subject,
    createdAt: now,
    revokedAt: now,
    lastUsedAt: null,
  };
  await store.configuration.tokens.create(revoked, sha256);
  signals.send({ type: "tokens.changed", environmentSeq: jwt.environmentSeq });
}

/**
 * Makes an application's tokens expire in `inMs` ms, unless they expire earlier. This includes JWTs
 * issued until now. If `sessionIds` is not empty, only the tokens of these sessions expire.
 */
export async function expireApplicationTokens(
  { store, clock, signals }: EndParts,
  { seq, environmentSeq }: Pick<Application, "seq" | "environmentSeq">,
  { inMs, sessionIds }: { readonly inMs: number; readonly sessionIds: readonly string[] },
): Promise<void> {
  const now = clock.now();
  await store.configuration.tokens.endOfApplication({
    applicationSeq: seq,
    endsAt: now + inMs,
    sessionIds: sessionIds.length > 0 ? sessionIds : null,
    issuedUntil: now,
  });
  signals.send({ type: "tokens.changed", environmentSeq });
}
