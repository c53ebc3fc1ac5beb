import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { makeApplication } from "../support/client.ts";
import { type OutboxWorld, startOutboxWorld } from "../support/outbox.ts";
import { Authority, hasOpenssl } from "../support/pki.ts";
import { hasPostgres, startPostgres } from "../support/postgres.ts";
import { temporaryDirectory } from "../support/temporary.ts";

// Each command is a separate process, which takes seconds on a busy machine.
setDefaultTimeout(60_000);

describe.skipIf(!hasPostgres)("the table of boathook relay", () => {
  let world: OutboxWorld;
  beforeAll(async () => {
    world = await startOutboxWorld();
  });
  afterAll(() => world?.[Symbol.asyncDispose]());

  test("tables in other schemas, with quoted names and other columns, are named as in SQL", async () => {
    const app = await makeApplication(world.send);
    await world.sql.unsafe(`
      CREATE SCHEMA "Order ""Events""";
      CREATE TABLE "Order ""Events"""."Out.Box; --" ("Event Id" serial, App text, "Type,=" text, body jsonb,
        "order" int DEFAULT 1, "sent""At" timestamp, problem varchar(2000));
      INSERT INTO "Order ""Events"""."Out.Box; --" (App, "Type,=", body)
        VALUES ('${app}', 'a', '{}'), ('${app}', 'not ok', '{}')`);
    const columns =
      'id="Event Id",app=App,event_type="Type,=",payload=BODY,created_at="order",sent_at="sent""At",error=problem';
    const args = ["--table", '"Order ""Events"""."Out.Box; --"', "--columns", columns, "--once"];
    expect((await world.run(args)).code).toBe(1);
    const rows = await world.sql.unsafe(
      `SELECT "sent""At" IS NOT NULL AS sent, problem FROM "Order ""Events"""."Out.Box; --" ORDER BY "Event Id"`,
    );
    expect([...rows]).toEqual([
      { sent: true, problem: null },
      { sent: false, problem: expect.stringMatching(/^eventType: /) },
    ]);
    expect(await world.messages(app)).toHaveLength(1);
  });

  test("names that are not SQL names, also those that contain statements, exit with 2", async () => {
    const table = await world.table();
    for (const args of [
      ["--table", `${table}; DROP TABLE ${table}`],
      ["--table", `${table} WHERE 1=1`],
      ["--table", "a.b.c"],
      ["--table", ""],
      ["--table", '"'],
      ["--table", table, "--columns", "id=id) OR (1=1"],
      ["--table", table, "--columns", "id=id,id=app"],
      ["--table", table, "--columns", "key=id"],
      ["--table", table, "--columns", "id"],
      ["--table", table, "--channel", ""],
      ["--table", table, "--poll", "0"],
      ["--table", table, "--event-id-prefix", "a b"],
    ]) {
      const { code, stdout, stderr } = await world.run([...args, "--once"]);
      expect({ args, code, stdout, lines: stderr.trimEnd().split("\n").length }).toEqual({
        ...{ args, code: 2, stdout: "", lines: 1 },
      });
    }
  });

  test("a table or a column that does not exist exits with 2 and names it", async () => {
    const table = await world.table();
    for (const [args, expected] of [
      [["--table=nowhere"], 'The table "nowhere" does not exist in the database.\n'],
      [["--table", `public.${table}x`], `The table "public"."${table}x" does not exist in the database.\n`],
      [
        ["--table", table, "--columns=id=key"],
        `The table "${table}" has no column "key". Name the column with --columns id=….\n`,
      ],
    ] as const) {
      const { code, stderr } = await world.run([...args, "--once"]);
      expect({ code, stderr }).toEqual({ code: 2, stderr: expected });
    }
  });

  test("a column of an unsuitable type, or a missing right, ends the relay before anything is sent", async () => {
    const app = await makeApplication(world.send);
    const wrong = await world.table({ sent_at: "bigint" });
    await world.sql.unsafe(`INSERT INTO ${wrong} (app) VALUES ('${app}')`);
    const mistyped = await world.run(["--table", wrong, "--once"]);
    expect(mistyped).toEqual({ code: 1, stdout: "", stderr: expect.stringContaining('column "sent_at" is of type') });
    const table = await world.table();
    await world.sql.unsafe(`
      INSERT INTO ${table} (app) VALUES ('${app}');
      CREATE ROLE reader LOGIN PASSWORD 'reader'; GRANT SELECT ON ${table} TO reader`);
    const reader = world.url.replace(/\/\/[^@]*@/, "//reader:reader@");
    const forbidden = await world.runWith(reader, ["--table", table, "--once"]);
    expect(forbidden).toEqual({ code: 1, stdout: "", stderr: expect.stringContaining("permission denied") });
    expect(await world.messages(app)).toEqual([]);
  });

  for (const [name, columns, ids] of [
    ["char(12)", { id: "char(12) PRIMARY KEY" }, ["a", "b"]],
    ["numeric", { id: "numeric PRIMARY KEY" }, ["1.5", "20000000000000000000"]],
    ["an enum", { id: "mood PRIMARY KEY" }, ["happy", "sad"]],
    ["bigint beyond 2^53", { id: "bigint PRIMARY KEY" }, ["9007199254740993", "9007199254740994"]],
  ] as const) {
    test(`ids may be of the type ${name}`, async () => {
      await world.sql.unsafe("DROP TYPE IF EXISTS mood CASCADE; CREATE TYPE mood AS ENUM ('happy', 'sad')");
      const table = await world.table(columns);
      const app = await makeApplication(world.send);
      for (const id of ids) await world.sql.unsafe(`INSERT INTO ${table} (id, app) VALUES ('${id}', '${app}')`);
      expect((await world.run(["--table", table, "--once"])).code).toBe(0);
      expect((await world.messages(app)).map(({ eventId }) => eventId)).toEqual([...ids]);
    });
  }

  test("rows of a partitioned table, with times in the future or none, are sent in their order", async () => {
    const app = await makeApplication(world.send);
    await world.sql.unsafe(`
      CREATE TABLE parted (id text, app text, event_type text, payload jsonb, created_at timestamptz, sent_at timestamptz,
        PRIMARY KEY (id, app)) PARTITION BY LIST (app);
      CREATE TABLE parted_all PARTITION OF parted DEFAULT;
      INSERT INTO parted (id, app, event_type, payload, created_at) VALUES
        ('none', '${app}', 'a', '{}', NULL), ('never', '${app}', 'a', '{}', 'infinity'),
        ('future', '${app}', 'a', '{}', '2999-01-01'), ('past', '${app}', 'a', '{}', '-infinity'),
        ('now', '${app}', 'a', '{}', now())`);
    expect((await world.run(["--table=parted", "--once"])).code).toBe(0);
    const order = (await world.messages(app)).map(({ eventId }) => eventId);
    expect(order).toEqual(["past", "now", "future", "never", "none"]);
  });

  test("two processes relay two tables with the same ids if each has its own --event-id-prefix", async () => {
    const app = await makeApplication(world.send);
    const tables = [await world.table(), await world.table()];
    for (const table of tables)
      await world.sql.unsafe(`INSERT INTO ${table} (app) SELECT '${app}' FROM generate_series(1, 5)`);
    const runs = tables.map((table, index) => world.run(["--table", table, "--once", `--event-id-prefix=t${index}-`]));
    expect((await Promise.all(runs)).map(({ code }) => code)).toEqual([0, 0]);
    expect(await world.messages(app)).toHaveLength(10);
  });

  test("payloads of many MiB are read and sent in parts", async () => {
    const app = await makeApplication(world.send);
    const table = await world.table({ payload: "text", error: "text" });
    await world.sql.unsafe(`
      INSERT INTO ${table} (app, payload) SELECT '${app}', '{"text":"' || repeat('x', 1500000) || '"}' FROM generate_series(1, 12);
      INSERT INTO ${table} (app, payload) VALUES ('${app}', '{"text":"' || repeat('x', 70000000) || '"}')`);
    const { code } = await world.run(["--table", table, "--columns=error=error", "--once"]);
    expect(code).toBe(1);
    const rows = await world.sql.unsafe(`SELECT error FROM ${table} WHERE sent_at IS NULL`);
    expect([...rows]).toEqual([{ error: "The payload has 70000011 bytes, which are too many." }]);
  });

  test.skipIf(!hasOpenssl)("with sslmode=verify-full, the relay checks the certificate of the database", async () => {
    using dir = temporaryDirectory();
    const authority = new Authority();
    await using postgres = await startPostgres({ tls: authority.issue("127.0.0.1") });
    const url = await postgres.createDatabase();
    await using sql = new Bun.SQL(url, { max: 1 });
    await sql.unsafe(
      "CREATE TABLE outbox (id int, app text, event_type text, payload text, created_at int, sent_at timestamptz)",
    );
    writeFileSync(dir.file("ca.pem"), authority.ca);
    writeFileSync(dir.file("other.pem"), new Authority("Other").ca);
    const args = ["--table=outbox", "--once"];
    for (const [query, code] of [
      ["", 0],
      ["?sslmode=require", 0],
      [`?sslmode=verify-full&sslrootcert=${dir.file("ca.pem")}`, 0],
      ["?sslmode=verify-full", 1],
      [`?sslmode=require&sslrootcert=${dir.file("other.pem")}`, 1],
      [`?sslmode=verify-full&sslrootcert=${dir.file("none.pem")}`, 2],
    ] as const) {
      expect({ query, code: (await world.runWith(`${url}${query}`, args)).code }).toEqual({ query, code });
    }
    const elsewhere = `${url.replace("127.0.0.1", "localhost")}?sslrootcert=${dir.file("ca.pem")}`;
    expect((await world.runWith(`${elsewhere}&sslmode=verify-ca`, args)).code).toBe(0);
    expect((await world.runWith(`${elsewhere}&sslmode=verify-full`, args)).code).toBe(1);
  });
});
