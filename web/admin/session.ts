import { computed, signal } from "@preact/signals";
import type { CurrentSession } from "../../src/api/types.ts";
import { forgetDrafts } from "../kit/drafts.ts";

/**
 * The session of the admin page. Its cookie belongs to the browser and cannot be read by scripts, so
 * all tabs share the session. `login.ts` opens and ends it.
 */
export type SessionState =
  | { readonly state: "checking" }
  | { readonly state: "open"; readonly session: CurrentSession }
  /** The server could not be asked for the session, or could not end it. */
  | { readonly state: "unreachable"; readonly problem: string }
  /** The environment in the address does not exist, or the session may not use it. */
  | { readonly state: "unknown-environment" }
  /** The login page is shown. The reason is null on the first visit and after the user has logged out. */
  | { readonly state: "ended"; readonly reason: string | null };

export const session = signal<SessionState>({ state: "checking" });

const operations = computed<ReadonlySet<string>>(() => {
  const current = session.value;
  return new Set(current.state === "open" ? current.session.operations : []);
});

/**
 * Returns whether the session may use the API operation with this id, such as `v1.message.create`.
 * Pages hide the actions that it may not use.
 */
export function may(operation: string): boolean {
  return operations.value.has(operation);
}

/** Returns whether the session may open a page. */
export function mayOpen({ operation }: { readonly operation: string | null }): boolean {
  return operation === null || may(operation);
}

/** Whether the session may only read. */
export const isReadOnly = computed(() => {
  const current = session.value;
  return current.state === "open" && current.session.readOnly;
});

export function showSession(current: CurrentSession): void {
  session.value = { state: "open", session: current };
}

/** Whether a user is logging out, in this tab or in another one. */
let isLoggingOut = false;

/** While a user is logging out, requests that fail for it show the login page without a reason. */
export function setLoggingOut(value: boolean): void {
  isLoggingOut = value;
}

export function showLogin(reason: string | null): void {
  forgetDrafts();
  session.value = { state: "ended", reason: isLoggingOut ? null : reason };
}

/** Returns the name of a session's owner. Several sessions may have the same owner. */
export function ownerOf({ type, tokenId, email, name }: CurrentSession): string {
  return JSON.stringify([type, tokenId, email, name]);
}
