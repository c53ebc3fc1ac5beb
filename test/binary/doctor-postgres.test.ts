import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { SQL } from "bun";
import type { Finding, Level } from "../../src/doctor/finding.ts";
import { openStore } from "../../src/store/postgres/index.ts";
import { optionsFor } from "../store/postgres/open.ts";
import { NO_WISHES } from "../store/wishes.ts";
import { executable, run } from "../support/binary.ts";
import { hasPostgres, type PostgresServer, startPostgres } from "../support/postgres.ts";
import { ROOT_TOKEN } from "../support/server.ts";
import { temporaryDirectory } from "../support/temporary.ts";

// Each command is a separate process, which takes seconds on a busy machine.
setDefaultTimeout(60_000);

/** Runs the command without other settings. Returns its exit code and its findings. */
async function doctor(url: string, env: Readonly<Record<string, string>> = {}) {
  using home = temporaryDirectory();
  const { code, stdout, stderr } = await run(executable(), ["doctor", "--json"], {
    cwd: home.path,
    env: {
      ...{ BOATHOOK_STORE: url, BOATHOOK_ENCRYPTION_KEY: "00".repeat(32), BOATHOOK_ROOT_TOKEN: ROOT_TOKEN },
      ...env,
    },
  });
  expect(stderr).toBe("");
  const { findings } = JSON.parse(stdout) as { findings: Finding[] };
  return { code, findings, named: (name: string) => findings.find((finding) => finding.name === name) };
}

describe.skipIf(!hasPostgres)("doctor on PostgreSQL", () => {
  let server: PostgresServer;
  let template: string;
  beforeAll(async () => {
    server = await startPostgres({ settings: ["max_prepared_transactions = 5"] });
    template = await server.createDatabase();
    await (await openStore(optionsFor(template))).close();
  });
  afterAll(() => server[Symbol.asyncDispose]());

  /** Creates a database with the tables of the store, and changes it. */
  async function databaseWith(...statements: readonly string[]): Promise<string> {
    const url = await server.createDatabase(new URL(template).pathname.slice(1));
    await using sql = new SQL(url, { max: 1 });
    for (const statement of statements) await sql.unsafe(statement);
    return url;
  }

  test("a database that an instance uses has no problems, and nothing is changed", async () => {
    const url = await databaseWith();
    const store = await openStore(optionsFor(url));
    await store.queue.claim(NO_WISHES);
    await using sql = new SQL(url, { max: 1 });
    const fences = async () => Array.from(await sql`SELECT slot, fence, held FROM instance WHERE fence > 0`);
    const before = await fences();
    const { code, findings, named } = await doctor(url);
    expect(findings.filter(({ level }) => level !== "ok")).toEqual([]);
    expect(code).toBe(0);
    expect(named("instances")!.detail).toMatch(/^1 instance is running. Of 256 shares of the lanes, 256 are served/);
    expect(await fences()).toEqual(before);
    await store.close();
  });

  test("an empty database has no problems, and its tables are not created", async () => {
    const url = await server.createDatabase();
    const { code, named } = await doctor(url);
    expect({ code, schema: named("schema")!.detail }).toEqual({
      code: 0,
      schema: "The database is empty. The first start creates its tables.",
    });
    await using sql = new SQL(url, { max: 1 });
    expect(Array.from(await sql`SELECT 1 FROM pg_tables WHERE schemaname = 'public'`)).toEqual([]);
  });

  test.each<[name: string, level: Level, statement: string, detail: string]>([
    ["durability", "fail", "ALTER DATABASE test_db SET synchronous_commit = off", "synchronous_commit = off"],
    ["database", "fail", "ALTER DATABASE test_db SET default_transaction_read_only = on", "cannot be written"],
    ["schema", "fail", "UPDATE schema_version SET version = 99", "99"],
    ["partitions", "warn", "CREATE TABLE message_10 PARTITION OF message FOR VALUES FROM (1) TO (2)", "ended_10"],
    ["vacuum", "warn", "ALTER TABLE pending SET (autovacuum_enabled = false)", "pending"],
    [
      "instances",
      "fail",
      "UPDATE instance SET held = true, serves = true, expires_at = 'infinity' WHERE slot = 9",
      "0",
    ],
  ])("doctor reports %s as %s after %p", async (name, level, statement, detail) => {
    const url = await databaseWith();
    await using sql = new SQL(url, { max: 1 });
    await sql.unsafe(statement.replace("test_db", new URL(url).pathname.slice(1)));
    const { code, named } = await doctor(url);
    expect({ code, level: named(name)!.level }).toEqual({ code: level === "fail" ? 1 : 0, level });
    expect(named(name)!.detail).toContain(detail);
  });

  test("another key, another encoding and a user without rights fail", async () => {
    const key = await doctor(await databaseWith(), { BOATHOOK_ENCRYPTION_KEY: "11".repeat(32) });
    expect({ code: key.code, level: key.named("key")!.level }).toEqual({ code: 1, level: "fail" });
    const bytes = await databaseWith("CREATE DATABASE bytes ENCODING 'SQL_ASCII' TEMPLATE template0");
    const encoding = await doctor(server.url("bytes"));
    expect({ code: encoding.code, level: encoding.named("encoding")!.level }).toEqual({ code: 1, level: "fail" });
    await using sql = new SQL(bytes, { max: 1 });
    await sql.unsafe("CREATE ROLE guest LOGIN PASSWORD 'guest'");
    const url = new URL(server.url("postgres"));
    [url.username, url.password] = ["guest", "guest"];
    const guest = await doctor(url.href);
    expect({ code: guest.code, level: guest.named("rights")!.level }).toEqual({ code: 1, level: "fail" });
  });

  test("a transaction that is open or prepared is seen, with the process or the name", async () => {
    const url = await databaseWith("BEGIN", "UPDATE meta SET value = value", "PREPARE TRANSACTION 'forgotten'");
    await using sql = new SQL(url, { max: 1 });
    const open = await sql.reserve();
    await open.unsafe("BEGIN");
    const [{ pid }] = await open.unsafe("SELECT pg_backend_pid() AS pid");
    const { database, close } = await openStore(optionsFor(url));
    const { holders, transactions } = await database!.state();
    await close();
    expect(holders.map(({ kind, name }) => `${kind} ${name}`)).toContain("prepared forgotten");
    expect(transactions.idlePid).toBe(pid);
    await open.unsafe("ROLLBACK");
    await open.unsafe("ROLLBACK PREPARED 'forgotten'");
    open.release();
  });

  test("a server that is away fails with the database and without its password", async () => {
    const url = "postgres://owner:s3cret@127.0.0.1:1/hooks";
    const { code, named } = await doctor(url);
    expect(code).toBe(1);
    expect(named("database")).toMatchObject({
      level: "fail",
      detail: "The database postgres://owner:***@127.0.0.1:1/hooks cannot be used: Failed to connect.",
      remedy: "Check that the PostgreSQL server runs and can be reached at the address in its URL.",
    });
  });
});
