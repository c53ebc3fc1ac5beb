import { afterAll, afterEach, expect, test } from "bun:test";
import { SQL } from "bun";
import { openStore } from "../../../../src/store/postgres/index.ts";
import { hasPostgres } from "../../../support/postgres.ts";
import { closeSharedServer, optionsFor, sharedServer } from "../open.ts";

const VARIABLES = ["PGDATABASE", "PG_DATABASE"];

afterEach(() => {
  for (const variable of VARIABLES) delete process.env[variable];
});
afterAll(closeSharedServer);

async function hasTables(url: string): Promise<boolean> {
  await using sql = new SQL(url, { max: 1, database: new URL(url).pathname.slice(1) });
  const [row] = await sql`SELECT to_regclass('message') IS NOT NULL AS found`;
  return row.found;
}

for (const variable of VARIABLES) {
  test.skipIf(!hasPostgres)(`the variable ${variable} does not replace the database in the URL`, async () => {
    const server = await sharedServer();
    const [named, other] = [await server.createDatabase(), await server.createDatabase()];
    process.env[variable] = new URL(other).pathname.slice(1);
    await (await openStore(optionsFor(named))).close();
    expect({ named: await hasTables(named), other: await hasTables(other) }).toEqual({ named: true, other: false });
  });
}
