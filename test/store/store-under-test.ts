import type { Fact } from "../../src/core/fact.ts";
import type { Store } from "../../src/store/index.ts";

/** What the suites need from an implementation of the store. */
export interface StoreUnderTest {
  /** The open store. `reopen` replaces it. */
  readonly store: Store;
  /** Whether the data are on a server whose disk the store does not see. */
  readonly isRemote?: boolean;
  /** Facts that the store has stated, oldest first. */
  readonly facts: readonly Fact[];
  /** Closes the store and opens it on the same data, like a restart. */
  reopen(): Promise<void>;
  /** Opens the same data like a second process. The caller closes the returned store. */
  openBeside(): Promise<Store>;
  /** Closes the store and removes its data. */
  remove(): Promise<void>;
}

/**
 * Opens an empty store. Every suite takes this function as its parameter, so that the suites can
 * test any implementation.
 */
export type Open = () => Promise<StoreUnderTest>;

/** Wraps a store that a test has opened in the form that suites expect. It cannot be reopened. */
export function openedOnce(store: Store): StoreUnderTest {
  const refuse = () => Promise.reject(new Error("This store is opened once."));
  return { store, facts: [], reopen: refuse, openBeside: refuse, remove: () => store.close() };
}
