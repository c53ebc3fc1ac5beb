import type { Seq } from "../../core/id.ts";

export type { Token } from "../../core/resources/token.ts";

export interface TokenFilter {
  readonly environmentSeq: Seq;
  /** Null finds the tokens of the whole environment. */
  readonly applicationSeq: Seq | null;
  /** Leaves out tokens that were revoked or have expired at this time. Null lists all. */
  readonly validAt: number | null;
}

/** Which tokens of an application end, and when. */
export interface TokenEnd {
  readonly applicationSeq: Seq;
  /** Tokens that expire earlier still do. */
  readonly endsAt: number;
  /**
   * Only tokens created with one of these. Null means all, and also JWTs issued up to
   * `issuedUntil`.
   */
  readonly sessionIds: readonly string[] | null;
  readonly issuedUntil: number;
}

/** Who made a change, under the name of that time. */
export interface AuditActor {
  readonly kind: "root" | "token" | "jwt" | "command";
  /** The token's id, or the JWT's subject. */
  readonly id: string | null;
  readonly name: string | null;
}

/** A change of the configuration: who, what and when. Contains no secrets and no payloads. */
export interface AuditEntry {
  readonly seq: Seq;
  readonly environmentSeq: Seq;
  readonly actor: AuditActor;
  /** The operation's id. */
  readonly action: string;
  /** Ids of what was changed, such as `{"appId": "app_…"}`. */
  readonly subject: Readonly<Record<string, string>>;
  /** False: the change was begun, and the process ended before its outcome was known. */
  readonly done: boolean;
  readonly at: number;
}
