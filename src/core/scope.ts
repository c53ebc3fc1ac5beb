/**
 * Scopes: what a token may do at most, each `<resource>:<Action>`. The resources are those that the ids of operations
 * begin with, so that there are neither more nor fewer than there is something to do with. Names are compared without
 * regard to case, hyphens and underscores; `*` stands for every resource, or for both actions.
 */

/** `Read`: it changes nothing. `Write`: everything else, without the right to read. */
export const scopeActions = ["Read", "Write"] as const;

export type ScopeAction = (typeof scopeActions)[number];

/** What an operation needs. */
export type ScopeName = `${string}:${ScopeAction}`;

/** A scope that a token has. */
export interface Scope {
  /** As it was sent. */
  readonly text: string;
  /** A key to compare by, or `*`. */
  readonly resource: string;
  /** A key to compare by, or `*`. */
  readonly action: string;
}

const ANY = "*";
const FORM = /^(\*|[\w-]{1,64}):(\*|[\w-]{1,64})$/;
const actionKeys = scopeActions.map(keyOf);

/** What is the same in all spellings of a name: `event-type`, `eventType`, `EVENT_TYPE`. */
function keyOf(name: string): string {
  return name.replace(/[-_]/g, "").toLowerCase();
}

/** Null when it has not the form of a scope. Whether there is such a resource and action is another question. */
export function parseScope(text: string): Scope | null {
  const [, resource, action] = FORM.exec(text) ?? [];
  return resource === undefined || action === undefined
    ? null
    : { text, resource: keyOf(resource), action: keyOf(action) };
}

/** What a token has that was given these; what is no scope opens nothing. */
export function parseScopes(texts: readonly string[]): readonly Scope[] {
  return texts.map(parseScope).filter((scope) => scope !== null);
}

/** Says what is wrong with a scope that is asked for, without repeating it; null: nothing. `resources`: all that there are. */
export function scopeProblem(text: string, resources: readonly string[]): string | null {
  const scope = parseScope(text);
  if (scope === null) return `Must be <resource>:<Action>. ${knownNames(resources)}`;
  if (scope.resource !== ANY && !resources.some((resource) => keyOf(resource) === scope.resource)) {
    return `There is no such resource. ${knownNames(resources)}`;
  }
  return scope.action === ANY || actionKeys.includes(scope.action)
    ? null
    : `There is no such action. ${knownNames(resources)}`;
}

function knownNames(resources: readonly string[]): string {
  return `Resources: ${resources.join(", ")}. Actions: ${scopeActions.join(", ")}. Either may be *.`;
}

/** What of `needed` is not covered by any of the scopes that are held. */
export function missingScopes(held: readonly Scope[], needed: readonly ScopeName[]): ScopeName[] {
  return needed.filter((name) => !covers(held, parseScope(name)!));
}

/**
 * Do these scopes open everything that `wanted` does? Every resource is more than all that there are today: only `*` covers `*`.
 * Both actions are covered by each of them.
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

/** The scope that the id and the method of an operation tell: `v1.event-type.list` with GET needs `event-type:Read`. */
export function scopeOfOperation(id: string, method: string): ScopeName {
  const [resource = ""] = id.replace(/^v1\.(management\.)?/, "").split(".");
  return `${resource}:${method === "GET" || method === "HEAD" ? "Read" : "Write"}`;
}

/** The resources in these scopes, each once, in alphabetical order. */
export function resourcesOf(names: readonly ScopeName[]): readonly string[] {
  return [...new Set(names.map((name) => name.slice(0, name.lastIndexOf(":"))))].sort();
}
