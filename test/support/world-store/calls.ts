import type { Store } from "../../../src/store/index.ts";
import { macrotask } from "./world-store.ts";

/** The roles of a store whose methods need input and output. */
const ROLES = ["queue", "configuration", "history", "housekeeping", "survey"] as const;
/** How long a call may take, in real ms. */
const CALL_MS_MAX = 20_000;

type Verb = (...args: readonly unknown[]) => unknown;

/** The calls of one process to its store. */
export class Calls {
  readonly #underWay = new Map<symbol, string>();
  #whenIdle = Promise.withResolvers<void>();
  #hasEnded = false;

  /** `before` runs before each call. If it returns a promise, the call waits for it. */
  constructor(private readonly before: () => Promise<void> | null) {}

  /** Returns a store whose calls are watched. */
  of(store: Store): Store {
    const watched = { ...store, together: this.#watch("together", store.together as Verb) };
    for (const role of ROLES) Object.assign(watched, { [role]: this.#part(store[role], role) });
    return watched as Store;
  }

  /** Resolves when no call is under way and all that waited for one has acted on its result. */
  async settled(): Promise<void> {
    while (this.#underWay.size > 0) {
      const late = setTimeout(() => this.#whenIdle.reject(this.#tooLong()), CALL_MS_MAX);
      await this.#whenIdle.promise.finally(() => clearTimeout(late));
      await macrotask();
    }
  }

  /** Ends the process. Its calls never settle. */
  end(): void {
    this.#hasEnded = true;
    this.#underWay.clear();
    this.#whenIdle.resolve();
  }

  #part(part: object, path: string): object {
    const entries = Object.entries(part).map(([name, value]) => [
      name,
      typeof value === "function" ? this.#watch(`${path}.${name}`, value) : this.#part(value, `${path}.${name}`),
    ]);
    return Object.fromEntries(entries);
  }

  #watch(name: string, verb: Verb): Verb {
    return (...args) => {
      if (this.#hasEnded) return new Promise(() => {});
      const before = this.before();
      const result = before === null ? verb(...args) : before.then(() => verb(...args));
      return result instanceof Promise ? this.#watched(name, result) : result;
    };
  }

  #watched(name: string, result: Promise<unknown>): Promise<unknown> {
    const call = Symbol(name);
    if (this.#underWay.size === 0) this.#whenIdle = Promise.withResolvers();
    this.#underWay.set(call, name);
    const end = (act: () => void) => {
      if (!this.#underWay.delete(call)) return;
      act();
      if (this.#underWay.size === 0) this.#whenIdle.resolve();
    };
    return new Promise((resolve, reject) => {
      result.then(
        (value) => end(() => resolve(value)),
        (error) => end(() => reject(error)),
      );
    });
  }

  #tooLong(): Error {
    return new Error(`The store does not respond. Calls under way: ${[...this.#underWay.values()].join(", ")}`);
  }
}
