import type { Capability } from "../../core/capability.ts";
import type { Seq } from "../../core/id.ts";
import type { Scope } from "../../core/scope.ts";

/** How a caller authenticated. */
export type Credential =
  | { readonly kind: "none" }
  | { readonly kind: "root" }
  | { readonly kind: "token"; readonly seq: Seq; readonly name: string }
  | {
      readonly kind: "jwt";
      /** `org_…` or `app_…`. */
      readonly subject: string;
      readonly sha256: Uint8Array;
      readonly expiresAt: number | null;
    };

/** A request's caller and its permissions. */
export interface Identity {
  /** Identifies the caller across restarts. Idempotency keys and rates are counted per caller. */
  readonly caller: string;
  readonly credential: Credential;
  readonly environmentSeq: Seq;
  /** Null if the caller may access the whole environment. */
  readonly applicationSeq: Seq | null;
  /**
   * Permissions for the caller's application; null means all that an application's token can have.
   */
  readonly capabilities: readonly Capability[] | null;
  /** Limits of the caller's permissions; null means no limits. */
  readonly scopes: readonly Scope[] | null;
  /**
   * The caller sees event types without flags and those with at least one of these; null means all
   * event types.
   */
  readonly featureFlags: readonly string[] | null;
  readonly root: boolean;
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
};
