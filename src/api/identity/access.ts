import { type Capability, grants } from "../../core/capability.ts";
import type { Problem } from "../../core/problem.ts";
import { covers, missingScopes, parseScopes, resourcesOf, type ScopeName, scopeOfOperation } from "../../core/scope.ts";
import { insufficientAccess } from "../http/errors.ts";
import type { Operation } from "../http/operation.ts";
import type { Identity } from "./identity.ts";

/** Throws 403 unless the caller may use this operation. */
export function checkAccess(operation: Operation, identity: Identity): void {
  const refusal = refusalOf(operation, identity);
  if (refusal !== null) throw refusal;
}

function refusalOf(operation: Operation, identity: Identity): Problem | null {
  if (operation.access === "root" && !identity.root) return insufficientAccess();
  if (identity.readOnly && readOnlyAccess(operation) === false) return readOnlyRefusal();
  const missing = identity.scopes === null ? [] : missingScopes(identity.scopes, neededScopes(operation));
  if (missing.length > 0) return lacking(missing);
  if (identity.applicationSeq === null || operation.access === "public") return null;
  if (operation.access !== "application") return insufficientAccess();
  return grants(identity.capabilities, neededCapability(operation)) ? null : insufficientAccess();
}

/** Throws 403 if a read-only token sends a body that is not for a dry run. */
export function checkDryRun(operation: Operation, identity: Identity, body: unknown): void {
  if (!identity.readOnly || operation.readOnlyAccess !== "dryRun") return;
  if ((body as { readonly dryRun?: boolean }).dryRun !== true)
    throw readOnlyRefusal("It may only make a dry run: set `dryRun` to true.");
}

function readOnlyAccess({ readOnlyAccess, method }: Operation): boolean | "dryRun" {
  return readOnlyAccess ?? (method === "GET" || method === "HEAD");
}

function readOnlyRefusal(more = ""): Problem {
  return insufficientAccess(`A read-only token cannot do this. ${more}`.trimEnd());
}

/**
 * Returns the ids of the documented operations that the caller may use, in the order of the OpenAPI
 * document. Excludes those of which the caller may only make a dry run.
 */
export function operationsFor(operations: readonly Operation[], identity: Identity): readonly string[] {
  return operations
    .filter((operation) => operation.hidden === undefined && refusalOf(operation, identity) === null)
    .filter((operation) => !identity.readOnly || readOnlyAccess(operation) === true)
    .map(({ id }) => id);
}

/** Returns whether the caller also holds these scopes. */
export function hasScopes({ scopes }: Identity, ...needed: readonly ScopeName[]): boolean {
  return scopes === null || missingScopes(scopes, needed).length === 0;
}

/** Throws 403 unless the caller also holds these scopes. */
export function checkScopes(identity: Identity, ...needed: readonly ScopeName[]): void {
  const missing = identity.scopes === null ? [] : missingScopes(identity.scopes, needed);
  if (missing.length > 0) throw lacking(missing);
}

/**
 * Throws 403 if a token with these scopes could do more than the caller. If `scopes` is null, which
 * means no limits, the text of the error is `detail`.
 */
export function checkReach({ scopes: held }: Identity, scopes: readonly string[] | null, detail: string): void {
  if (held === null) return;
  if (scopes === null) throw insufficientAccess(detail);
  const beyond = parseScopes(scopes).filter((scope) => !covers(held, scope));
  if (beyond.length > 0) throw lacking(beyond.map(({ text }) => text));
}

/** Returns the scopes for a token with the same permissions as the caller. */
export function scopeTexts({ scopes }: Identity): readonly string[] | null {
  return scopes === null ? null : scopes.map(({ text }) => text);
}

function lacking(names: readonly string[]): Problem {
  return insufficientAccess(`The token lacks the ${scopesText(names)}.`);
}

/**
 * Returns the scopes as a phrase, such as "scope `message:Write`". The phrase is plural for several
 * scopes.
 */
export function scopesText(names: readonly string[]): string {
  return `scope${names.length === 1 ? "" : "s"} ${names.map((name) => `\`${name}\``).join(" and ")}`;
}

const needs = new WeakMap<Operation, readonly ScopeName[]>();

/** Returns the scopes that a token with scopes must have for an operation. */
export function neededScopes(operation: Operation): readonly ScopeName[] {
  let found = needs.get(operation);
  if (found === undefined) {
    found =
      operation.scopes ?? (operation.access === "public" ? [] : [scopeOfOperation(operation.id, operation.method)]);
    needs.set(operation, found);
  }
  return found;
}

/** Returns the resources that scopes can name, in alphabetical order. */
export function scopeResources(operations: readonly Operation[]): readonly string[] {
  return resourcesOf(operations.flatMap(neededScopes));
}

function neededCapability({ capability, method }: Operation): Capability {
  return capability ?? (method === "GET" || method === "HEAD" ? "ViewBase" : "ManageEndpoint");
}
