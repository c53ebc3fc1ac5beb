import { type Capability, grants } from "../core/capability.ts";
import {
  covers,
  missingScopes,
  parseScopes,
  resourcesOf,
  type Scope,
  type ScopeName,
  scopeOfOperation,
} from "../core/scope.ts";
import { insufficientAccess } from "./errors.ts";
import type { Identity } from "./identity.ts";
import type { Operation } from "./operation.ts";

/** 403 unless this caller may do this, whatever it is to be done to. */
export function checkAccess(operation: Operation, identity: Identity): void {
  if (operation.access === "root" && !identity.root) throw insufficientAccess();
  if (identity.scopes !== null) checkHeld(identity.scopes, neededScopes(operation));
  if (identity.applicationSeq === null || operation.access === "public") return;
  if (operation.access !== "application") throw insufficientAccess();
  if (!grants(identity.capabilities, neededCapability(operation))) throw insufficientAccess();
}

/** 403 unless this caller may do this as well, which is beyond what its operation is for. */
export function checkScopes(identity: Identity, ...needed: readonly ScopeName[]): void {
  if (identity.scopes !== null) checkHeld(identity.scopes, needed);
}

function checkHeld(held: readonly Scope[], needed: readonly ScopeName[]): void {
  const missing = missingScopes(held, needed);
  if (missing.length > 0) throw lacking(missing);
}

/** 403 when a token with these scopes, null for none, could do more than the caller; `detail` is for null. */
export function checkReach({ scopes: held }: Identity, scopes: readonly string[] | null, detail: string): void {
  if (held === null) return;
  if (scopes === null) throw insufficientAccess(detail);
  const beyond = parseScopes(scopes).filter((scope) => !covers(held, scope));
  if (beyond.length > 0) throw lacking(beyond.map(({ text }) => text));
}

/** The scopes of what a caller makes that has just its own rights. */
export function scopeTexts({ scopes }: Identity): readonly string[] | null {
  return scopes === null ? null : scopes.map(({ text }) => text);
}

function lacking(names: readonly string[]) {
  return insufficientAccess(`The token lacks the ${scopesText(names)}.`);
}

/** "scope `message:Write`", or several. */
export function scopesText(names: readonly string[]): string {
  return `scope${names.length === 1 ? "" : "s"} ${names.map((name) => `\`${name}\``).join(" and ")}`;
}

const needs = new WeakMap<Operation, readonly ScopeName[]>();

/** What a token with scopes must have to do this. */
export function neededScopes(operation: Operation): readonly ScopeName[] {
  let found = needs.get(operation);
  if (found === undefined) {
    found =
      operation.scopes ?? (operation.access === "public" ? [] : [scopeOfOperation(operation.id, operation.method)]);
    needs.set(operation, found);
  }
  return found;
}

/** The resources that scopes can be about, in alphabetical order. */
export function scopeResources(operations: readonly Operation[]): readonly string[] {
  return resourcesOf(operations.flatMap(neededScopes));
}

function neededCapability({ capability, method }: Operation): Capability {
  return capability ?? (method === "GET" || method === "HEAD" ? "ViewBase" : "ManageEndpoint");
}
