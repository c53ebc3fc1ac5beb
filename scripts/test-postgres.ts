/**
 * Runs tests with the data in PostgreSQL. Usage: `bun run test:postgres [PATH…]`, with
 * the paths and options of `bun test`. `TEST_EXECUTABLE` names an executable to test instead of the
 * sources.
 */
import { join } from "node:path";
import { Glob } from "bun";
import { FOR_MANY_DATABASES, hasPostgres, type PostgresServer, startPostgres } from "../test/support/postgres.ts";

const ROOT = join(import.meta.dir, "..");

/** Servers of several test processes are connected, and commits need not survive a crash of the machine. */
const SETTINGS = ["max_connections = 500", ...FOR_MANY_DATABASES];

/** Starts a server for tests. Returns null where PostgreSQL is missing. */
export async function startTestPostgres(): Promise<PostgresServer | null> {
  return hasPostgres ? startPostgres({ settings: SETTINGS, trusted: "all" }) : null;
}

/** The variables with which tests have the data of their servers in a PostgreSQL server. */
export function testVariables(postgres: PostgresServer): Readonly<Record<string, string>> {
  return { TEST_POSTGRES: postgres.url("postgres") };
}

/**
 * Returns the paths of the tests that run on either store: those that call servers over HTTP, with a few
 * exceptions, and those of the engine.
 */
export function testsOnEitherStore(): string[] {
  return [...new Glob("test/{api,sdk,engine}/*.test.ts").scanSync(ROOT)].sort();
}

if (import.meta.main) {
  const given = process.argv.slice(2);
  await using postgres = await startTestPostgres();
  if (postgres === null) process.exit(1);
  const child = Bun.spawn(
    [process.execPath, "test", "--timeout=60000", ...(given.length > 0 ? given : testsOnEitherStore())],
    { stdio: ["ignore", "inherit", "inherit"], env: { ...process.env, ...testVariables(postgres) } },
  );
  process.exitCode = await child.exited;
}
