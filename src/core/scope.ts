/**
 * Scopes limit what a token may do. Each has the form `<resource>:<Action>`. Resources are the
 * prefixes of operation ids, so every operation has a scope and every resource has an operation.
 * Names are compared ignoring case, hyphens and underscores. `*` matches every resource, or both
 * actions.
 */

/**
 * `Read` covers operations that change nothing, and `Write` covers all others. `Write` does not
 * include `Read`.
 */
export const scopeActions = ["Read", "Write"] as const;

export type ScopeAction = (typeof scopeActions)[number];

/** The scope that an operation requires. */
export type ScopeName = `${string}:${ScopeAction}`;

/** A parsed scope of a token. */
export interface Scope {
  /** The text as it was sent. */
  readonly text: string;
  /** The normalized name, or `*`. */
  readonly resource: string;
  /** The normalized name, or `*`. */
  readonly action: string;
}

const ANY = "*";
const FORM = /^(\*|[\w-]{1,64}):(\*|[\w-]{1,64})$/;
const actionKeys = scopeActions.map(keyOf);

/** Normalizes a name, so that `event-type`, `eventType` and `EVENT_TYPE` become equal. */
function keyOf(name: string): string {
  return name.replace(/[-_]/g, "").toLowerCase();
}

/**
 * Parses a scope. Returns null if it is malformed. Does not check whether the resource and action
 * exist.
 */
export function parseScope(text: string): Scope | null {
  const [, resource, action] = FORM.exec(text) ?? [];
  return resource === undefined || action === undefined
    ? null
    : { text, resource: keyOf(resource), action: keyOf(action) };
}

/** Parses the scopes of a token. Malformed scopes are dropped, so they grant nothing. */
export function parseScopes(texts: readonly string[]): readonly Scope[] {
  return texts.map(parseScope).filter((scope) => scope !== null);
}

/**
 * Returns why a requested scope is invalid, without repeating its text. Returns null if the scope
 * is valid. `resources` lists all known resources.
 */
export function scopeProblem(text: string, resources: readonly string[]): string | null {
  const scope = parseScope(text);
  if (scope === null) return `Must have the form <resource>:<Action>. ${knownNames(resources)}`;
  if (scope.resource !== ANY && !resources.some((resource) => keyOf(resource) === scope.resource)) {
    return `Unknown resource. ${knownNames(resources)}`;
  }
  return scope.action === ANY || actionKeys.includes(scope.action) ? null : `Unknown action. ${knownNames(resources)}`;
}

function knownNames(resources: readonly string[]): string {
  return `Resources: ${resources.join(", ")}. Actions: ${scopeActions.join(", ")}. Use * for all.`;
}

/** Returns the required scopes that no held scope covers. */
export function missingScopes(held: readonly Scope[], needed: readonly ScopeName[]): ScopeName[] {
  return needed.filter((name) => !covers(held, parseScope(name)!));
}

/**
 * Returns whether the held scopes grant everything that `wanted` grants. If `wanted` names the
 * resource `*`, only held scopes for `*` count, because `*` includes future resources. If it names
 * the action `*`, both actions must be covered.
 */
export function covers(held: readonly Scope[], wanted: Scope): boolean {
  const wantedActions = wanted.action === ANY ? actionKeys : [wanted.action];
  return wantedActions.every((action) =>
    held.some(
      (scope) =>
        (scope.resource === ANY || scope.resource === wanted.resource) &&
        (scope.action === ANY || scope.action === action),
    ),
  );
}

/**
 * Returns the scope that an operation requires. For example, `v1.event-type.list` with GET requires
 * `event-type:Read`.
 */
export function scopeOfOperation(id: string, method: string): ScopeName {
  const [resource = ""] = id.replace(/^v1\.(management\.)?/, "").split(".");
  return `${resource}:${method === "GET" || method === "HEAD" ? "Read" : "Write"}`;
}

/** Returns the distinct resources of these scopes, in alphabetical order. */
export function resourcesOf(names: readonly ScopeName[]): readonly string[] {
  return [...new Set(names.map((name) => name.slice(0, name.lastIndexOf(":"))))].sort();
}
