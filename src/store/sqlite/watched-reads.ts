import { StoreUnavailable } from "../index.ts";
import { isDiskError, messageOf } from "./disk-error.ts";
import type { HealthRecord } from "./store-health.ts";

/**
 * Methods that only commit. The committer reports their errors, and they run for every message, so
 * they stay as they are.
 */
const UNWATCHED: ReadonlySet<string> = new Set(["accept", "settle"]);

// biome-ignore lint/suspicious/noExplicitAny: stands for every method of the store
type Method = (...args: any[]) => unknown;

/**
 * Returns the same methods, which report a database that cannot be read to `health` and then reject
 * with `StoreUnavailable`. Other errors stay as they are.
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
    // The committer has reported its own errors, and throws `StoreUnavailable`.
    if (error instanceof StoreUnavailable || !isDiskError(error)) throw error;
    health.failed("read", error);
    throw new StoreUnavailable(`The store cannot be read (${messageOf(error)}).`);
  };
  return (...args) => {
    const result = method(...args);
    return result instanceof Promise ? result.catch(refuse) : result;
  };
}
