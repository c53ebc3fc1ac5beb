import type { Fact } from "../../../src/core/fact.ts";
import { systemClock } from "../../../src/edge/clock.ts";
import type { Store } from "../../../src/store/index.ts";
import { type OpenOptions, openStore } from "../../../src/store/postgres/index.ts";
import { type PostgresServer, startPostgres } from "../../support/postgres.ts";
import type { StoreUnderTest } from "../store-under-test.ts";

/** The server of all tests of this process. It ends with the process. */
let server: Promise<PostgresServer> | null = null;

export function sharedServer(): Promise<PostgresServer> {
  server ??= startPostgres({ settings: ["max_connections = 300"] });
  return server;
}

export async function closeSharedServer(): Promise<void> {
  await (await server)?.[Symbol.asyncDispose]();
  server = null;
}

export function optionsFor(url: string, change: Partial<OpenOptions> = {}): OpenOptions {
  return { url, encryptionKey: "00".repeat(32), leaseMs: 10_000, clock: systemClock, onFact: () => {}, ...change };
}

/** Opens a store in a new database. */
export async function openDatabase(): Promise<StoreUnderTest> {
  const url = await (await sharedServer()).createDatabase();
  const facts: Fact[] = [];
  const open = () => openStore(optionsFor(url, { onFact: (fact) => facts.push(fact) }));
  let store = await open();
  return {
    get store() {
      return withAllParts(store);
    },
    facts,
    async reopen() {
      await store.close();
      store = await open();
    },
    openBeside: async () => withAllParts(await openStore(optionsFor(url))),
    remove: () => store.close(),
  };
}

/** The suites expect a complete store. Those that run do not call what is missing. */
function withAllParts(store: object): Store {
  return store as Store;
}
