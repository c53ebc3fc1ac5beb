import type { Capability } from "../../core/capability.ts";
import type { Seq } from "../../core/id.ts";

export interface Token {
  readonly seq: Seq;
  readonly name: string;
  readonly environmentSeq: Seq;
  /** Null: for the whole environment. */
  readonly applicationSeq: Seq | null;
  /** What the token of one application may do; null: all that such a token can. */
  readonly capabilities: readonly Capability[] | null;
  /** What it may do at most, as it was written; null: no such limits. */
  readonly scopes: readonly string[] | null;
  /** The token of one application sees event types without a flag, and those with one of these. */
  readonly featureFlags: readonly string[];
  /** The caller's name for what the token was made for; `endOfApplication` can choose by it. */
  readonly sessionId: string | null;
  /** The end of its text; empty when that was not kept. */
  readonly hint: string;
  readonly createdAt: number;
  readonly expiresAt: number | null;
  readonly revokedAt: number | null;
}

export interface TokenFilter {
  readonly environmentSeq: Seq;
  /** Null: those for the whole environment. */
  readonly applicationSeq: Seq | null;
  /** Leaves out those that have expired at this instant or were revoked; null = lists all. */
  readonly validAt: number | null;
}

/** Which tokens of an application are to end, and when. */
export interface TokenEnd {
  readonly applicationSeq: Seq;
  /** Those that end earlier by themselves still do. */
  readonly endsAt: number;
  /** Only those that were made with one of these; null = all, also JWTs that were issued up to `issuedUntil`. */
  readonly sessionIds: readonly string[] | null;
  readonly issuedUntil: number;
}

/** Who changed something, as it was called then. */
export interface AuditActor {
  readonly kind: "root" | "token" | "jwt" | "command";
  /** The token's id, or the JWT's subject. */
  readonly id: string | null;
  readonly name: string | null;
}

/** A change of configuration: who, what, when; no secrets, no payloads. */
export interface AuditEntry {
  readonly seq: Seq;
  readonly environmentSeq: Seq;
  readonly actor: AuditActor;
  /** The operation's id. */
  readonly action: string;
  /** Ids of what was changed, by the kind of thing: `{"appId": "app_…"}`. */
  readonly subject: Readonly<Record<string, string>>;
  /** False: begun, and not known whether it was done, because the process ended meanwhile. */
  readonly done: boolean;
  readonly at: number;
}
