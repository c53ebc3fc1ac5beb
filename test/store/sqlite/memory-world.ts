import type { Database } from "bun:sqlite";
import type { Fact } from "../../../src/core/fact.ts";
import { systemClock } from "../../../src/edge/clock.ts";
import { openMemoryStore } from "../../../src/store/sqlite/index.ts";
import { memoryDatabase } from "../../support/memory-database.ts";
import { Furnished } from "../furnished.ts";
import { openedOnce } from "../store-under-test.ts";

/** A store in memory. A test can make its disk fail or its process die. */
export interface MemoryWorld extends AsyncDisposable {
  readonly world: Furnished;
  readonly commits: Extract<Fact, { type: "commit.finished" | "commit.failed" }>[];
  readonly db: Database;
  /** Error that commits throw while it is set, as if it came from the disk. */
  trouble: Error | null;
  crash(): void;
}

export async function memoryWorld(): Promise<MemoryWorld> {
  const db = memoryDatabase();
  const commits: MemoryWorld["commits"] = [];
  const self = { db, commits, trouble: null as Error | null };
  const { store, crash } = openMemoryStore(
    db,
    systemClock,
    (fact) => {
      if (fact.type === "commit.finished" || fact.type === "commit.failed") commits.push(fact);
    },
    () => {
      if (self.trouble !== null) throw self.trouble;
    },
  );
  const world = await Furnished.open(async () => openedOnce(store));
  commits.length = 0;
  return Object.assign(self, {
    world,
    crash,
    async [Symbol.asyncDispose]() {
      await store.close();
      db.close();
    },
  });
}

export function sqliteError(code: string): Error {
  return Object.assign(new Error(`planted: ${code}`), { code });
}
