import type { Seq } from "../../core/id.ts";

/** A person who logged in at an identity provider. */
export interface SessionUser {
  readonly issuer: string;
  /** The provider's id of the person. */
  readonly id: string;
  /** Empty if the provider does not send one. */
  readonly name: string;
  readonly email: string;
  readonly groups: readonly string[];
}

/** A login with a browser. Its secret is stored only as a hash, which is not part of the record. */
export interface Session {
  readonly seq: Seq;
  /** The environment of the token; null for a root token or a user. */
  readonly environmentSeq: Seq | null;
  /** The SHA-256 of the token that the session was made from, or of the user's id. */
  readonly ownerSha256: Uint8Array;
  /** The stored token that the session was made from. Null for a root token, a JWT or a user. */
  readonly tokenSeq: Seq | null;
  /** The JWT that the session was made from, without its signature. */
  readonly unsignedJwt: string | null;
  readonly user: SessionUser | null;
  /** The name of the token or user at the time of the login. */
  readonly name: string;
  readonly userAgent: string;
  readonly address: string;
  readonly createdAt: number;
  /** Accurate to a minute. */
  readonly lastUsedAt: number;
  readonly expiresAt: number;
}

export interface SessionFilter {
  /** Lists the sessions of this environment. */
  readonly environmentSeq: Seq;
  /** Whether to include the sessions of root tokens and users, which belong to no environment. */
  readonly includesRoot: boolean;
  /** Excludes sessions that have ended at this time. */
  readonly now: number;
}
