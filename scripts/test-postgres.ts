/**
 * Runs tests with servers that have their data in PostgreSQL. Usage: `bun run test:postgres PATH…`, with
 * the paths and options of `bun test`. `TEST_EXECUTABLE` names an executable to test instead of the
 * sources.
 */
import { hasPostgres, startPostgres } from "../test/support/postgres.ts";

/** Servers of several test processes are connected, and commits need not survive a crash of the machine. */
const SETTINGS = ["max_connections = 500", "fsync = off"];

/** Runs Bun with the variable `TEST_POSTGRES` and returns its exit code. Must only be called if there is PostgreSQL. */
export async function runOnPostgres(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  await using postgres = await startPostgres({ settings: SETTINGS });
  const child = Bun.spawn([process.execPath, ...args], {
    stdio: ["ignore", "inherit", "inherit"],
    env: { ...process.env, ...env, TEST_POSTGRES: postgres.url("postgres") },
  });
  return await child.exited;
}

if (import.meta.main) {
  if (!hasPostgres) process.exit(1);
  process.exit(await runOnPostgres(["test", "--timeout=60000", ...process.argv.slice(2)]));
}
