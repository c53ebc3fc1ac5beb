/**
 * Runs tests with the data in PostgreSQL. Usage: `bun run test:postgres [PATH…]`, with
 * the paths and options of `bun test`. `TEST_EXECUTABLE` names an executable to test instead of the
 * sources.
 */
import { join } from "node:path";
import { Glob } from "bun";
import { systemClock } from "../src/edge/clock.ts";
import { Database } from "../src/store/postgres/connection/database.ts";
import { migrate } from "../src/store/postgres/schema/migrate.ts";
import { FOR_MANY_DATABASES, hasPostgres, type PostgresServer, startPostgres } from "../test/support/postgres.ts";

const ROOT = join(import.meta.dir, "..");

/** Servers of several test processes are connected, and commits need not survive a crash of the machine. */
const SETTINGS = ["max_connections = 500", ...FOR_MANY_DATABASES];

/** A PostgreSQL server for tests, with a database that has all tables and no rows. */
export interface TestPostgres extends AsyncDisposable {
  readonly server: PostgresServer;
  /** The variables with which tests have the data of their servers in this server. */
  readonly env: Readonly<Record<string, string>>;
}

/** Starts a server for tests. Returns null where PostgreSQL is missing. */
export async function startTestPostgres(): Promise<TestPostgres | null> {
  if (!hasPostgres) return null;
  const server = await startPostgres({ settings: SETTINGS, trusted: "all" });
  const end = () => server[Symbol.asyncDispose]();
  try {
    const template = await server.createDatabase();
    await makeTables(template);
    const env = { TEST_POSTGRES: server.url("postgres"), TEST_POSTGRES_TEMPLATE: new URL(template).pathname.slice(1) };
    return { server, env, [Symbol.asyncDispose]: end };
  } catch (error) {
    await end();
    throw error;
  }
}

/**
 * Makes the tables of a store in an empty database. The servers of the tests start on copies, because opening a
 * store that has its tables took 39 ms of CPU time, and 144 ms otherwise.
 */
async function makeTables(url: string): Promise<void> {
  const database = new Database({ url, clock: systemClock, leaseMs: 10_000, prepare: true, onReadFailed() {} });
  try {
    await migrate(database, true);
  } finally {
    await database.close();
  }
}

/**
 * Tests over HTTP of the clients with which endpoints send to brokers. These clients may not import a store, and
 * the tests of endpoints with other URLs run on either store. Of all tests over HTTP, these take the most CPU
 * time: each starts a broker and kills it.
 */
export const TESTS_WITHOUT_STORE: readonly string[] = ["amqp", "kafka", "nats", "sqs"].map(
  (scheme) => `test/api/${scheme}-endpoint.test.ts`,
);

/**
 * Returns the paths of the tests that run on either store: those that call servers over HTTP, except
 * `TESTS_WITHOUT_STORE`, and those of the engine.
 */
export function testsOnEitherStore(): string[] {
  const all = new Glob("test/{api,sdk,engine}/*.test.ts").scanSync(ROOT);
  return [...all].filter((path) => !TESTS_WITHOUT_STORE.includes(path)).sort();
}

if (import.meta.main) {
  const given = process.argv.slice(2);
  await using postgres = await startTestPostgres();
  if (postgres === null) process.exit(1);
  const child = Bun.spawn(
    [process.execPath, "test", "--timeout=60000", ...(given.length > 0 ? given : testsOnEitherStore())],
    { stdio: ["ignore", "inherit", "inherit"], env: { ...process.env, ...postgres.env } },
  );
  process.exitCode = await child.exited;
}
