import { afterAll, describe, expect, test } from "bun:test";
import { SQL } from "bun";
import { StartError } from "../../../src/core/start-error.ts";
import { StoreUnavailable } from "../../../src/store/index.ts";
import { openStore } from "../../../src/store/postgres/index.ts";
import { databaseError } from "../../../src/store/postgres/open-error.ts";
import { KeyBox } from "../../../src/store/sql/secret-box.ts";
import { hasPostgres, POSTGRES_PASSWORD } from "../../support/postgres.ts";
import { closeSharedServer, optionsFor, preparedDatabase, sharedServer } from "./open.ts";

afterAll(closeSharedServer);

/** Runs statements in a database. `$database` is its name. */
async function inside(url: string, ...statements: readonly string[]): Promise<string> {
  await using sql = new SQL(url, { max: 1 });
  for (const statement of statements) {
    await sql.unsafe(statement.replaceAll("$database", new URL(url).pathname.slice(1)));
  }
  return url;
}

const emptyDatabase = async () => (await sharedServer()).createDatabase();

function changed(url: string, change: Partial<Pick<URL, "username" | "password" | "pathname" | "hostname" | "port">>) {
  return Object.assign(new URL(url), change).href;
}

/** Returns the URL of a user whose password is the same as the name. */
const as = (name: string, url: string) => changed(url, { username: name, password: name });

interface Case {
  readonly url: () => Promise<string>;
  readonly says: RegExp;
}

const CASES: Readonly<Record<string, Case>> = {
  "another password": {
    url: async () => changed(await emptyDatabase(), { password: "wrong" }),
    says: /password authentication failed for user "owner"\. Check the user and the password in the URL/,
  },
  "a database that does not exist": {
    url: async () => changed(await emptyDatabase(), { pathname: "/missing" }),
    says: /database "missing" does not exist\. Create the database/,
  },
  "a host that does not exist": {
    url: async () => changed(await emptyDatabase(), { hostname: "missing.invalid" }),
    says: /Failed to connect\. Check that the PostgreSQL server runs/,
  },
  "a port that nobody listens on": {
    url: async () => changed(await emptyDatabase(), { port: "1" }),
    says: /Failed to connect\. Check that the PostgreSQL server runs/,
  },
  "a database that is read-only": {
    url: async () => inside(await emptyDatabase(), "ALTER DATABASE $database SET default_transaction_read_only = on"),
    says: /in a read-only transaction\. Set the URL of the primary/,
  },
  "a user for whom no connection is left": {
    url: async () =>
      as("few", await inside(await emptyDatabase(), "CREATE ROLE few LOGIN PASSWORD 'few' CONNECTION LIMIT 0")),
    says: /too many connections for role "few"\. Raise max_connections/,
  },
  "a limit of time that the first read exceeds": {
    url: async () => inside(await emptyDatabase(), "ALTER DATABASE $database SET statement_timeout = '1ms'"),
    says: /due to statement timeout\. If statement_timeout is set .* raise it/,
  },
  "a limit of time that the creation of the tables exceeds": {
    url: async () =>
      inside(
        await emptyDatabase(),
        "ALTER DATABASE $database SET statement_timeout = '1s'",
        "CREATE FUNCTION slow() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(30); END'",
        "CREATE EVENT TRIGGER slow ON ddl_command_end WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION slow()",
      ),
    says: /due to statement timeout\. If statement_timeout is set .* raise it/,
  },
  "a table that was removed": {
    url: async () => inside(await preparedDatabase(), "DROP TABLE instance CASCADE"),
    says: /relation "instance" does not exist\. The tables are not those of this version/,
  },
  "a column that was removed": {
    url: async () => inside(await preparedDatabase(), "ALTER TABLE instance DROP COLUMN owner"),
    says: /column "owner" does not exist\. The tables are not those of this version/,
  },
  "tables that the user may not read": {
    url: async () =>
      as(
        "blind",
        await inside(
          await preparedDatabase(),
          "CREATE ROLE blind LOGIN PASSWORD 'blind'",
          "GRANT CREATE ON SCHEMA public TO blind",
          "GRANT SELECT, UPDATE ON schema_version TO blind",
        ),
      ),
    says: /permission denied for table meta\. Grant the missing rights/,
  },
};

/** Values of the key that signs links to payloads. */
const DAMAGED_KEYS = [
  ["missing", ""],
  ["cut", "ab".repeat(20)],
  ["changed", "ab".repeat(92)],
  ["badly encoded", "no hex digits"],
  ["wrongly sealed", new KeyBox("2b".repeat(32)).seal("00".repeat(32)).toHex()],
  ["short", new KeyBox(optionsFor("").encryptionKey).seal("00".repeat(31)).toHex()],
] as const;

describe.skipIf(!hasPostgres)("a PostgreSQL database that cannot be opened", () => {
  test.each(Object.entries(CASES))(
    "with %s, the error names the database, the reason and a remedy",
    async (_, given) => {
      const url = await given.url();
      const error = await openStore(optionsFor(url)).catch((error: unknown) => error);
      expect(error).toBeInstanceOf(StartError);
      const { message } = error as Error;
      expect(message).toMatch(given.says);
      expect(message).toStartWith("The database postgres://");
      expect(message).toEndWith(".");
      expect(message).not.toContain(encodeURIComponent(POSTGRES_PASSWORD));
    },
  );

  test.each(DAMAGED_KEYS)(
    "with a %s key of links, the error says what to do, and no instance remains",
    async (_, value) => {
      const url = await preparedDatabase();
      await (await openStore(optionsFor(url))).close();
      await inside(url, `UPDATE meta SET value = '${value}' WHERE name = 'payload-link-key'`);
      const error = await openStore(optionsFor(url)).catch((error: unknown) => error);
      expect(String(error)).toBe(
        "StartError: The value payload-link-key in the table meta of the PostgreSQL database is damaged. Restore the database from a backup. Or delete its row: the next start makes another key, which ends earlier links to payloads and secrets of listeners.",
      );
      await using sql = new SQL(url, { max: 1 });
      expect(await sql`SELECT slot FROM instance WHERE held`).toHaveLength(0);
      await sql`DELETE FROM meta WHERE name = 'payload-link-key'`;
      const store = await openStore(optionsFor(url));
      expect(store.payloadLinkKey).toMatch(/^[0-9a-f]{64}$/);
      await store.close();
    },
  );

  test("with a damaged previous key of encryption, the error says what to do", async () => {
    const url = await preparedDatabase();
    await (await openStore(optionsFor(url))).close();
    await inside(url, "INSERT INTO meta (name, value) VALUES ('encryption-key-previous', 'ab')");
    await expect(openStore(optionsFor(url))).rejects.toThrow(
      "The value encryption-key-previous in the table meta of the PostgreSQL database is damaged. Restore the database from a backup.",
    );
  });

  test("a defect is no problem of the database, and stays as it is", () => {
    const defect = new TypeError("undefined is not a function");
    expect(databaseError(defect, "postgres://a@b/c")).toBe(defect);
  });

  test("an outage without an error of the server shows its own text", () => {
    const error = databaseError(new StoreUnavailable("The store is closed."), "postgres://a:b@c/d");
    expect(String(error)).toBe("StartError: The database postgres://a:***@c/d cannot be used: The store is closed.");
  });
});
