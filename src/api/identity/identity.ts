import type { Capability } from "../../core/capability.ts";
import type { Seq } from "../../core/id.ts";
import type { Scope } from "../../core/scope.ts";
import type { SessionRef } from "../../core/session.ts";

/** How a caller authenticated. */
export type Credential =
  | { readonly kind: "none" }
  | { readonly kind: "root" }
  | { readonly kind: "token"; readonly seq: Seq; readonly name: string }
  /** A person who logged in at the identity provider. */
  | { readonly kind: "user"; readonly id: string; readonly name: string }
  | {
      readonly kind: "jwt";
      /** `org_…` or `app_…`. */
      readonly subject: string;
      readonly sha256: Uint8Array;
      readonly expiresAt: number | null;
    };

/** The caller of a request and its permissions. */
export interface Identity {
  /**
   * Identifies the caller; unchanged by a restart. Idempotency keys and rates are counted per
   * caller.
   */
  readonly caller: string;
  readonly credential: Credential;
  readonly environmentSeq: Seq;
  /** The only application that the caller may access, or null for the whole environment. */
  readonly applicationSeq: Seq | null;
  /**
   * Permissions for the caller's application. Null means all that an application's token can have.
   */
  readonly capabilities: readonly Capability[] | null;
  /** Limits of the caller's permissions; null means no limits. */
  readonly scopes: readonly Scope[] | null;
  /**
   * If not null, the caller sees only event types that have no flags or at least one of these. Null
   * means all event types.
   */
  readonly featureFlags: readonly string[] | null;
  readonly root: boolean;
  /** Whether the caller may only read, and sees no secrets. */
  readonly readOnly: boolean;
  /** The session whose cookie the request has. Absent if the request has a token. */
  readonly session?: SessionRef;
}

/** The caller for public operations. */
export const anybody: Identity = {
  caller: "",
  credential: { kind: "none" },
  environmentSeq: 0,
  applicationSeq: null,
  capabilities: null,
  scopes: null,
  featureFlags: null,
  root: false,
  readOnly: false,
};
