import { StoreUnavailable } from "../index.ts";
import type { HealthRecord } from "../sql/store-health.ts";
import { isDiskError, messageOf } from "./data-dir/disk-error.ts";

/**
 * Methods that only commit. They are not wrapped, because the committer reports their errors and
 * they run for every message.
 */
const UNWATCHED: ReadonlySet<string> = new Set(["accept", "settle"]);

// biome-ignore lint/suspicious/noExplicitAny: stands for every method of the store
type Method = (...args: any[]) => unknown;

/**
 * Wraps the methods of a role. If the database cannot be read, a method reports this to `health`
 * and rejects with `StoreUnavailable`. Other errors are unchanged.
 */
export function watchedReads<Role extends object>(role: Role, health: HealthRecord): Role {
  const entries = Object.entries(role).map(([name, part]) => {
    if (typeof part === "function") return [name, UNWATCHED.has(name) ? part : watched(part as Method, health)];
    return [name, watchedReads(part, health)];
  });
  return Object.fromEntries(entries) as Role;
}

function watched(method: Method, health: HealthRecord): Method {
  const refuse = (error: unknown): never => {
    // The committer has already reported its own errors, which are `StoreUnavailable`.
    if (error instanceof StoreUnavailable || !isDiskError(error)) throw error;
    health.failed("read", error);
    throw new StoreUnavailable(`The store cannot be read (${messageOf(error)}).`);
  };
  return (...args) => {
    const result = method(...args);
    return result instanceof Promise ? result.catch(refuse) : result;
  };
}
