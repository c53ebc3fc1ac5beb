import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { makeApplication } from "../support/client.ts";
import { type OutboxWorld, relayLines, startOutboxWorld } from "../support/outbox.ts";
import { hasPostgres } from "../support/postgres.ts";
import { soon } from "../support/soon.ts";

// Each command is a separate process, which takes seconds on a busy machine.
setDefaultTimeout(60_000);

describe.skipIf(!hasPostgres)("boathook relay", () => {
  let world: OutboxWorld;
  beforeAll(async () => {
    world = await startOutboxWorld();
  });
  afterAll(() => world?.[Symbol.asyncDispose]());

  test("relay --once sends the rows of each application in the order of created_at, and marks them", async () => {
    const { sql, send } = world;
    const table = await world.table();
    const [acme, bolt] = [await makeApplication(send), await makeApplication(send)];
    await sql.unsafe(
      `INSERT INTO ${table} (app, payload, created_at) SELECT CASE n % 3 WHEN 0 THEN $2 ELSE $1 END,
         jsonb_build_object('n', n), now() - n * interval '1 second' FROM generate_series(1, 2500) n`,
      [acme, bolt],
    );
    const { code, stderr } = await world.run(["--table", table, "--once", "--json"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    for (const [app, rest] of [
      [acme, [1, 2]],
      [bolt, [0]],
    ] as const) {
      const sent = (await world.messages(app)).map(({ payload }) => (payload as { n: number }).n);
      const expected = Array.from({ length: 2500 }, (_, index) => 2500 - index);
      expect(sent).toEqual(expected.filter((n) => (rest as readonly number[]).includes(n % 3)));
    }
    const [{ unsent }] = await sql.unsafe(`SELECT count(*)::int AS unsent FROM ${table} WHERE sent_at IS NULL`);
    expect(unsent).toBe(0);
  });

  test("the eventId of a message is the id of its row, with --event-id-prefix before it", async () => {
    const { sql, send } = world;
    const table = await world.table({ id: "uuid PRIMARY KEY DEFAULT gen_random_uuid()" });
    const app = await makeApplication(send);
    await sql.unsafe(`INSERT INTO ${table} (app) VALUES ($1)`, [app]);
    const [{ id }] = await sql.unsafe(`SELECT id FROM ${table}`);
    expect((await world.run(["--table", table, "--once", "--event-id-prefix=orders."])).code).toBe(0);
    expect((await world.messages(app)).map(({ eventId }) => eventId)).toEqual([`orders.${id}`]);
  });

  for (const [type, text] of [
    ["json", '{"b": 1.0,  "a": 12345678901234567890}'],
    ["jsonb", '{"a": 12345678901234567890, "b": 1.0}'],
    ["text", '{"b": 1.0,\n "a": 12345678901234567890, "c": "é😀"}'],
    ["bytea", '{"b": 1.0,\n "a": 12345678901234567890, "c": "é😀"}'],
  ] as const) {
    test(`a payload in a column of type ${type} is sent byte for byte`, async () => {
      const { sql, send } = world;
      const table = await world.table({ payload: type });
      const app = await makeApplication(send);
      const value = type === "bytea" ? "convert_to($2::text, 'UTF8')" : `$2::text::${type}`;
      await sql.unsafe(`INSERT INTO ${table} (app, payload) VALUES ($1, ${value})`, [app, text]);
      expect((await world.run(["--table", table, "--once"])).code).toBe(0);
      const { text: list } = await send("GET", `/app/${app}/msg`);
      expect(list).toContain(`"payload":${text}`);
    });
  }

  test("rows that are announced with NOTIFY are sent at once", async () => {
    const { sql, send } = world;
    const table = await world.table();
    const app = await makeApplication(send);
    await using relay = await world.start(["--table", table, "--channel=New rows", "--poll=1h"]);
    await relay.line((line) => line.includes('"ready"'));
    for (let sent = 1; sent <= 3; sent++) {
      await sql.begin(async (transaction) => {
        await transaction.unsafe(`INSERT INTO ${table} (app) VALUES ($1)`, [app]);
        await transaction.notify("New rows");
      });
      await soon(
        () => world.messages(app),
        ({ length }) => length === sent,
      );
    }
  });

  test("relay finds new rows by polling, and SIGTERM and SIGINT end it with exit code 0", async () => {
    const { sql, send } = world;
    const table = await world.table();
    const app = await makeApplication(send);
    for (const [index, signal] of (["SIGTERM", "SIGINT"] as const).entries()) {
      await using relay = await world.start(["--table", table]);
      await relay.line((line) => line.includes('"ready"'));
      await sql.unsafe(`INSERT INTO ${table} (app) VALUES ($1)`, [app]);
      await relay.line((line) => line.includes('"batch"'));
      relay.kill(signal);
      expect(await relay.exited).toBe(0);
      expect(relay.stderr).toBe("");
      expect(await world.messages(app)).toHaveLength(index + 1);
    }
  });

  test("relay --json prints one line for each batch of an application", async () => {
    const { sql, send } = world;
    const table = await world.table();
    const app = await makeApplication(send);
    await sql.unsafe(`INSERT INTO ${table} (app) SELECT $1 FROM generate_series(1, 3)`, [app]);
    const { stdout } = await world.run(["--table", table, "--once", "--json"]);
    const [ready, batch, ...more] = relayLines({ lines: stdout.trimEnd().split("\n") });
    expect(ready).toEqual({
      ...{ type: "ready", time: expect.any(String) },
      table: expect.stringMatching(new RegExp(`^"${table}" of 127\\.0\\.0\\.1:\\d+/test_1$`)),
    } as never);
    expect(batch).toEqual({
      ...{ type: "batch", application: app, sent: 3, duplicates: 0, refused: 0 },
      ...{ durationMs: expect.any(Number), time: expect.any(String) },
    } as never);
    expect(more).toEqual([]);
  });

  test("two relays keep the order of each application", async () => {
    const { sql, send } = world;
    const table = await world.table();
    const apps = [await makeApplication(send), await makeApplication(send), await makeApplication(send)];
    await using first = await world.start(["--table", table]);
    await using second = await world.start(["--table", table]);
    for (const relay of [first, second]) await relay.line((line) => line.includes('"ready"'));
    for (let part = 0; part < 20; part++) {
      await sql.unsafe(
        `INSERT INTO ${table} (app, payload) SELECT app, jsonb_build_object('n', $2::int * 50 + n)
         FROM generate_series(1, 50) n, unnest($1::text[]) app`,
        [sql.array(apps, "TEXT"), part],
      );
    }
    for (const app of apps) {
      const sent = await soon(
        () => world.messages(app),
        ({ length }) => length >= 1000,
      );
      expect(sent.map(({ payload }) => (payload as { n: number }).n)).toEqual(
        Array.from({ length: 1000 }, (_, index) => index + 1),
      );
    }
    for (const relay of [first, second]) {
      relay.kill("SIGTERM");
      expect(await relay.exited).toBe(0);
    }
    const lines = [...relayLines(first), ...relayLines(second)];
    expect(lines.reduce((sum, { sent = 0 }) => sum + sent, 0)).toBe(3000);
    expect(lines.reduce((sum, { duplicates = 0 }) => sum + duplicates, 0)).toBe(0);
  });
});
