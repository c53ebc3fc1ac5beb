import { afterAll, describe, expect, test } from "bun:test";
import { SQL } from "bun";
import { StartError } from "../../../../src/core/start-error.ts";
import { openStore } from "../../../../src/store/postgres/index.ts";
import { hasPostgres } from "../../../support/postgres.ts";
import { closeSharedServer, optionsFor, sharedServer } from "../open.ts";

afterAll(closeSharedServer);

/** Creates a database, runs statements in it, and returns its URL. `$database` is its name. */
async function databaseWith(...statements: readonly string[]): Promise<string> {
  const url = await (await sharedServer()).createDatabase();
  await using sql = new SQL(url, { max: 1 });
  for (const statement of statements) await sql.unsafe(statement.replace("$database", new URL(url).pathname.slice(1)));
  return url;
}

/** Returns the error with which a database is refused. */
async function refusal(url: string): Promise<unknown> {
  try {
    await (await openStore(optionsFor(url))).close();
  } catch (error) {
    return error;
  }
  throw new Error("The database was not refused.");
}

describe.skipIf(!hasPostgres)("a PostgreSQL database that cannot hold the data", () => {
  for (const encoding of ["LATIN1", "SQL_ASCII"]) {
    test(`a database with the encoding ${encoding} is refused at the start`, async () => {
      const url = new URL(await (await sharedServer()).createDatabase());
      const name = `encoding_${encoding.toLowerCase()}`;
      await using sql = new SQL(url.href, { max: 1 });
      await sql.unsafe(`CREATE DATABASE ${name} TEMPLATE template0 ENCODING '${encoding}' LOCALE 'C'`);
      url.pathname = `/${name}`;
      const error = await refusal(url.href);
      expect(error).toBeInstanceOf(StartError);
      expect(String(error)).toContain(`The encoding of the PostgreSQL database is ${encoding},`);
    });
  }

  for (const isolation of ["serializable", "repeatable read"]) {
    test(`a database whose default isolation is ${isolation} is refused at the start`, async () => {
      const error = await refusal(
        await databaseWith(`ALTER DATABASE $database SET default_transaction_isolation = '${isolation}'`),
      );
      expect(error).toBeInstanceOf(StartError);
      expect(String(error)).toContain(`default_transaction_isolation is ${isolation} in the PostgreSQL database,`);
    });
  }

  test("a database with a table of another program that has the same name is refused with its name", async () => {
    const error = await refusal(await databaseWith("CREATE TABLE message (id integer)"));
    expect(error).toBeInstanceOf(StartError);
    expect(String(error)).toContain('has tables of another program (relation "message" already exists).');
  });

  for (const columns of ["version text", "version bigint", "installed_rank integer"]) {
    test(`a table schema_version (${columns}) of another program is not taken for that of the store`, async () => {
      const row = "INSERT INTO schema_version VALUES ('1')";
      const error = await refusal(await databaseWith(`CREATE TABLE schema_version (${columns})`, row));
      expect(error).toBeInstanceOf(StartError);
      expect(String(error)).toContain("of another program");
    });
  }

  test("a user who may not create tables is named the right that is missing", async () => {
    const url = new URL(
      await databaseWith("DROP ROLE IF EXISTS weak", "CREATE ROLE weak LOGIN PASSWORD 'secret-of-weak'"),
    );
    [url.username, url.password] = ["weak", "secret-of-weak"];
    const error = await refusal(url.href);
    expect(error).toBeInstanceOf(StartError);
    expect(String(error)).toContain("(permission denied for schema public). Allow the user in store to create tables");
  });

  test("a URL with an invalid parameter is refused with the reason", async () => {
    const error = await refusal(`${await databaseWith()}?sslmode=always`);
    expect(error).toBeInstanceOf(StartError);
    expect(String(error)).toContain("sslmode");
  });
});
