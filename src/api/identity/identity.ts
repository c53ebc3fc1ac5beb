import type { Capability } from "../../core/capability.ts";
import type { Seq } from "../../core/id.ts";
import type { Scope } from "../../core/scope.ts";

/** What a caller has shown. */
export type Credential =
  | { readonly kind: "none" }
  | { readonly kind: "root" }
  | { readonly kind: "token"; readonly seq: Seq; readonly name: string }
  | {
      readonly kind: "jwt";
      /** An `org_…` or `app_…`. */
      readonly subject: string;
      readonly sha256: Uint8Array;
      readonly expiresAt: number | null;
    };

/** On whose behalf a request acts. */
export interface Identity {
  /** Names the caller within the process and over restarts: idempotency keys and rates are kept by it. */
  readonly caller: string;
  readonly credential: Credential;
  readonly environmentSeq: Seq;
  /** Null: the whole environment. */
  readonly applicationSeq: Seq | null;
  /** What it may do with its application; null: all that the token of an application can. */
  readonly capabilities: readonly Capability[] | null;
  /** What it may do at most; null: no such limits. */
  readonly scopes: readonly Scope[] | null;
  /** Sees event types without a flag, and those with one of these; null: all of them. */
  readonly featureFlags: readonly string[] | null;
  readonly root: boolean;
}

/** For operations that ask nobody who they are. */
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
