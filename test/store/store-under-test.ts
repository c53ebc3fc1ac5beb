import type { Fact } from "../../src/core/fact.ts";
import type { Store } from "../../src/store/index.ts";

/** What the suites need from an implementation of the store. */
export interface StoreUnderTest {
  /** The open store. `reopen` replaces it. */
  readonly store: Store;
  /** Facts that the store has stated, oldest first. */
  readonly facts: readonly Fact[];
  /** Closes the store and opens it on the same data, like a restart. */
  reopen(): Promise<void>;
  /** Opens the same data as a second process does. The caller closes it. */
  openBeside(): Promise<Store>;
  /** Closes the store and removes its data. */
  remove(): Promise<void>;
}

/**
 * Opens an empty store. Every suite is a function of this, so that all implementations are held to
 * the same guarantees.
 */
export type Open = () => Promise<StoreUnderTest>;

/** For tests that open a store themselves: it cannot be opened again. */
export function openedOnce(store: Store): StoreUnderTest {
  const refuse = () => Promise.reject(new Error("This store is opened once."));
  return { store, facts: [], reopen: refuse, openBeside: refuse, remove: () => store.close() };
}
