import type { CommandContext } from "../../src/commands/context.ts";
import { ensureEnvironment } from "../../src/commands/environments.ts";
import type { Fact } from "../../src/core/fact.ts";
import { Facts } from "../../src/core/facts.ts";
import { IdCodec } from "../../src/core/id.ts";
import { type Signal, Signals } from "../../src/core/signal.ts";
import { systemClock } from "../../src/edge/clock.ts";
import { systemRandom } from "../../src/edge/random.ts";
import type { Environment, Store } from "../../src/store/index.ts";
import { openMemoryStore } from "../../src/store/sqlite/index.ts";
import { workOnThisThread } from "../../src/thread/heavy-work.ts";
import { memoryDatabase } from "./memory-database.ts";

type Parts = Pick<CommandContext, "store" | "ids" | "seqs" | "clock" | "random" | "facts" | "signals" | "heavyWork">;

/** The context of commands without an engine, on a store in memory with one environment. */
export interface CommandParts extends Parts, Disposable {
  readonly environment: Environment;
  /** Facts and signals in the order in which they were stated and sent. */
  readonly told: readonly (Fact | Signal)[];
  /**
   * Makes every insert into a table fail with the error "planted". `when` limits this to some rows.
   */
  failInserts(table: string, when?: string): void;
}

/** `wrapStore` replaces the store that the commands use. */
export async function commandParts(wrapStore: (store: Store) => Store = (store) => store): Promise<CommandParts> {
  const db = memoryDatabase();
  const memory = openMemoryStore(db, systemClock, () => {}).store;
  const store = wrapStore(memory);
  const told: (Fact | Signal)[] = [];
  const facts = new Facts();
  facts.subscribe((fact) => told.push(fact));
  const signals = new Signals((error) => {
    throw error;
  });
  signals.react(["application.changed", "application.throttled", "endpoint.changed"], (signal) => told.push(signal));
  signals.react(["lane.changed", "lane.filled"], (signal) => told.push(signal));
  signals.react(["eventtype.changed", "tokens.changed", "environment.changed"], (signal) => told.push(signal));
  const parts = { store, ids: new IdCodec(store.idSeed), seqs: store.numbers, clock: systemClock };
  return {
    ...parts,
    ...{ random: systemRandom, heavyWork: workOnThisThread, facts, signals, told },
    environment: await ensureEnvironment({ ...parts, store: memory }, "default"),
    failInserts(table, when = "1") {
      db.run(
        `CREATE TRIGGER planted_${table} BEFORE INSERT ON ${table} WHEN ${when} BEGIN SELECT RAISE(ABORT, 'planted'); END`,
      );
    },
    [Symbol.dispose]: () => db.close(),
  };
}
