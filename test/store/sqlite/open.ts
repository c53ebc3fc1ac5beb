import { writeFileSync } from "node:fs";
import type { Fact } from "../../../src/core/fact.ts";
import { systemClock } from "../../../src/edge/clock.ts";
import type { Store } from "../../../src/store/index.ts";
import { databaseFileOf } from "../../../src/store/sqlite/data-dir/data-dir.ts";
import { type OpenOptions, openStore } from "../../../src/store/sqlite/index.ts";
import { emptyDatabaseFile } from "../../support/memory-database.ts";
import { temporaryDirectory } from "../../support/temporary.ts";
import type { StoreUnderTest } from "../store-under-test.ts";

export function optionsFor(dataDir: string, change: Partial<OpenOptions> = {}): OpenOptions {
  // Tests end their processes cleanly, so they need not wait for syncs to the disk.
  return {
    dataDir,
    sync: "normal",
    encryptionKey: null,
    clock: systemClock,
    onFact: () => {},
    exclusive: true,
    ...change,
  };
}

/** Opens a store in a new temporary directory, in the same way as the server. */
export async function openDataDir(): Promise<StoreUnderTest> {
  const directory = temporaryDirectory();
  writeFileSync(databaseFileOf(directory.path), emptyDatabaseFile());
  const facts: Fact[] = [];
  const open = (): Promise<Store> => openStore(optionsFor(directory.path, { onFact: (fact) => facts.push(fact) }));
  let store = await open();
  return {
    get store() {
      return store;
    },
    facts,
    async reopen() {
      await store.close();
      store = await open();
    },
    openBeside: () => openStore(optionsFor(directory.path, { exclusive: false })),
    async remove() {
      await store.close();
      directory[Symbol.dispose]();
    },
  };
}
