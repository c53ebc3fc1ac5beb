import { SQL } from "bun";
import type { Fact } from "../../../src/core/fact.ts";
import { systemClock } from "../../../src/edge/clock.ts";
import { type OpenOptions, openStore } from "../../../src/store/postgres/index.ts";
import { FOR_MANY_DATABASES, type PostgresServer, startPostgres } from "../../support/postgres.ts";
import { Furnished } from "../furnished.ts";
import type { StoreUnderTest } from "../store-under-test.ts";

/** The server of all tests of this process. It ends with the process. */
let server: Promise<PostgresServer> | null = null;

/** A superuser of that server who needs no password. */
const QUICK_USER = "quick";

/** Tests that kill the server start one of their own, so this one need not sync its commits to disk. */
export function sharedServer(): Promise<PostgresServer> {
  server ??= startSharedServer();
  return server;
}

async function startSharedServer(): Promise<PostgresServer> {
  const settings = ["max_connections = 300", ...FOR_MANY_DATABASES];
  const started = await startPostgres({ settings, trusted: QUICK_USER });
  await using sql = new SQL(started.url("postgres"), { max: 1 });
  await sql.unsafe(`CREATE ROLE ${QUICK_USER} SUPERUSER LOGIN`);
  return started;
}

/** A database with the tables of a new store, of which tests get copies. */
let template: Promise<string> | null = null;

async function makeTemplate(): Promise<string> {
  const url = await (await sharedServer()).createDatabase();
  await (await openStore(optionsFor(url))).close();
  return new URL(url).pathname.slice(1);
}

/** Creates a database that a store has been opened in, and returns its URL. */
export async function preparedDatabase(): Promise<string> {
  template ??= makeTemplate();
  const url = new URL(await (await sharedServer()).createDatabase(await template));
  url.username = QUICK_USER;
  return url.href;
}

export async function closeSharedServer(): Promise<void> {
  await (await server)?.[Symbol.asyncDispose]();
  server = null;
  template = null;
}

export function optionsFor(url: string, change: Partial<OpenOptions> = {}): OpenOptions {
  return { url, encryptionKey: "00".repeat(32), leaseMs: 10_000, clock: systemClock, onFact: () => {}, ...change };
}

/** Opens a store in a new database. */
export async function openDatabase(): Promise<StoreUnderTest> {
  return openIn(await preparedDatabase());
}

/** A store in a new database, which another process has open too. */
export async function openShared() {
  const url = await preparedDatabase();
  const world = await Furnished.open(() => openIn(url));
  const other = await world.openBeside();
  const sql = new SQL(url, { max: 2 });
  return {
    world,
    other,
    sql,
    async [Symbol.asyncDispose]() {
      await sql.close();
      await other.close();
      await world[Symbol.asyncDispose]();
    },
  };
}

async function openIn(url: string): Promise<StoreUnderTest> {
  const facts: Fact[] = [];
  const open = () => openStore(optionsFor(url, { onFact: (fact) => facts.push(fact) }));
  let store = await open();
  return {
    get store() {
      return store;
    },
    isRemote: true,
    facts,
    async reopen() {
      await store.close();
      store = await open();
    },
    openBeside: () => openStore(optionsFor(url)),
    async remove() {
      await store.close();
      // Otherwise the server would have hundreds of databases, whose files take minutes to remove at its end.
      await (await sharedServer()).dropDatabase(url);
    },
  };
}
