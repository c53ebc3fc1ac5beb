import type { Seq } from "../../core/id.ts";

export type { Token } from "../../core/resources/token.ts";

/** A token that is both revoked and expired counts as revoked. */
export type TokenState = "active" | "expired" | "revoked";

export interface TokenFilter {
  readonly environmentSeq: Seq;
  /** Lists only this application's tokens. Null lists the tokens of the whole environment. */
  readonly applicationSeq: Seq | null;
  /** Null lists the tokens in all states. */
  readonly state: TokenState | null;
  /** The time at which the state is judged. */
  readonly at: number;
  /** Lists only tokens with this text in the name, ignoring case. Null lists all. */
  readonly text: string | null;
}

/** Selects tokens of an application and the time at which they expire. */
export interface TokenEnd {
  readonly applicationSeq: Seq;
  /** Time at which the tokens expire. A token that expires earlier is unchanged. */
  readonly endsAt: number;
  /**
   * Selects only tokens that were created with one of these session ids. Null selects all tokens,
   * and also JWTs issued up to `issuedUntil`.
   */
  readonly sessionIds: readonly string[] | null;
  readonly issuedUntil: number;
}

/** Who made a change. `name` is the name at the time of the change. */
export interface AuditActor {
  readonly kind: "root" | "token" | "jwt" | "user" | "command";
  /** The token's id, the JWT's subject, or the identity provider's id of the user. */
  readonly id: string | null;
  readonly name: string | null;
}

/**
 * A change of the configuration: who changed what, and when. Entries contain no secrets and no
 * payloads.
 */
export interface AuditEntry {
  readonly seq: Seq;
  readonly environmentSeq: Seq;
  readonly actor: AuditActor;
  /** The id of the operation that made the change. */
  readonly action: string;
  /** Ids of the changed records, such as `{"appId": "app_…"}`. */
  readonly subject: Readonly<Record<string, string>>;
  /** False if the change was begun but the process stopped before its outcome was known. */
  readonly done: boolean;
  readonly at: number;
}

/** Selects entries of the audit log. Texts are parts of a value and ignore case. */
export interface AuditFilter {
  /** A part of the name, id or kind of who made the change. */
  readonly actor?: string;
  /** A part of the id of the operation. */
  readonly action?: string;
  /** The id of the application that was changed, or to which the changed record belongs. */
  readonly applicationId?: string;
  /** A part of any of these, or of an id of what was changed. */
  readonly text?: string;
}

/** Numbers of records of each kind. */
export interface AuditTargets {
  readonly applicationSeqs: readonly Seq[];
  readonly endpointSeqs: readonly Seq[];
  readonly sourceSeqs: readonly Seq[];
  readonly tokenSeqs: readonly Seq[];
}

/** The present name of a changed record; the URL of an endpoint. */
export interface AuditTarget {
  readonly name: string;
  readonly isDeleted: boolean;
}
