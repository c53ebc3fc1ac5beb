import type { Fact } from "../../../src/core/fact.ts";
import type { Clock } from "../../../src/ports.ts";
import { type Store, StoreUnavailable } from "../../../src/store/index.ts";
import type { MemoryStore } from "../../../src/store/sqlite/assemble.ts";
import { openMemoryStore } from "../../../src/store/sqlite/index.ts";
import { memoryDatabase } from "../memory-database.ts";
import type { WorldStore } from "./world-store.ts";

/** Data in SQLite, in memory. The store calls back within the turn of the event loop. */
export class SqliteWorldStore implements WorldStore {
  isDiskFull = false;
  readonly #db = memoryDatabase();
  #memory: MemoryStore | null = null;

  async open(clock: Clock, onFact: (fact: Fact) => void): Promise<Store> {
    this.#memory = openMemoryStore(this.#db, clock, onFact, () => {
      if (this.isDiskFull) throw new StoreUnavailable("The disk is full.");
    });
    return this.#memory.store;
  }

  async crash(): Promise<void> {
    this.#memory?.crash();
    if (this.#db.inTransaction) this.#db.run("ROLLBACK");
  }

  /** Every call ends in the turn of the event loop in which it begins, or with an event of the world's clock. */
  async settled(): Promise<void> {}

  [Symbol.dispose](): void {
    this.#db.close();
  }
}
