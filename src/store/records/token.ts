import type { Seq } from "../../core/id.ts";

export type { Token } from "../../core/resources/token.ts";

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
