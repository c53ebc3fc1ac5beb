import type { Store } from "../../src/store/index.ts";
import type { Open } from "./store-under-test.ts";

/** Parts of a store that are no roles. */
const PLAIN: ReadonlySet<string> = new Set(["numbers", "clock", "ids", "arriving", "departed", "database"]);

type Verb = (...args: readonly unknown[]) => unknown;

/**
 * Returns the names of all functions of a store, such as `queue.idempotency.get`, in alphabetical
 * order.
 */
export function verbsOf(store: Store): string[] {
  return namesOf(store, "").sort();
}

function namesOf(part: object, path: string): string[] {
  return Object.entries(part).flatMap(([name, value]) => {
    if (typeof value === "function") return [path + name];
    return PLAIN.has(name) || typeof value !== "object" ? [] : namesOf(value, `${path}${name}.`);
  });
}

/** Opens stores that record in `called` which of their verbs are called. */
export function watching(open: Open, called: Set<string>): Open {
  const watched = new WeakMap<Store, Store>();
  const watch = (store: Store): Store => {
    const known = watched.get(store) ?? (watchPart(store, "", called) as Store);
    watched.set(store, known);
    return known;
  };
  return async () => {
    const under = await open();
    return {
      get store() {
        return watch(under.store);
      },
      isRemote: under.isRemote === true,
      facts: under.facts,
      reopen: () => under.reopen(),
      openBeside: () => under.openBeside(),
      remove: () => under.remove(),
    };
  };
}

function watchPart(part: object, path: string, called: Set<string>): object {
  const entries = Object.entries(part).map(([name, value]) => {
    if (typeof value === "function") {
      const verb: Verb = (...args) => {
        called.add(path + name);
        return (value as Verb)(...args);
      };
      return [name, verb];
    }
    const isPart = typeof value === "object" && !PLAIN.has(name) && !Array.isArray(value);
    return [name, isPart ? watchPart(value, `${path}${name}.`, called) : value];
  });
  return Object.fromEntries(entries);
}
