import type { Fact } from "../../src/core/fact.ts";
import type { Store } from "../../src/store/index.ts";

/** What the suites need of an implementation of the store. */
export interface StoreUnderTest {
  /** After `reopen` it is another one. */
  readonly store: Store;
  /** What the store has stated, oldest first. */
  readonly facts: readonly Fact[];
  /** Closes the store and opens it on the same data, as a restart does. */
  reopen(): Promise<void>;
  /** Closes it and removes the data. */
  remove(): Promise<void>;
}

/** Opens an empty store. Every suite is a function of this, so that each implementation is held to the same promises. */
export type Open = () => Promise<StoreUnderTest>;
