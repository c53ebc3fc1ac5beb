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

/** The caller of a request and its rights. */
export interface Identity {
  /** Identifies the caller, also across restarts. Idempotency keys and rates are counted by it. */
  readonly caller: string;
  readonly credential: Credential;
  readonly environmentSeq: Seq;
  /** Null for the whole environment. */
  readonly applicationSeq: Seq | null;
  /**
   * What it may do with its application; null means everything that an application's token may do.
   */
  readonly capabilities: readonly Capability[] | null;
  /** Limits what it may do; null means no limits. */
  readonly scopes: readonly Scope[] | null;
  /** It sees event types without a flag and those with one of these; null means all event types. */
  readonly featureFlags: readonly string[] | null;
  readonly root: boolean;
}

/** The caller of public operations. */
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
