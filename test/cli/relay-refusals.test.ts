import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { freshUid, makeApplication } from "../support/client.ts";
import { type OutboxWorld, relayLines, startOutboxWorld } from "../support/outbox.ts";
import { hasPostgres } from "../support/postgres.ts";
import { soon } from "../support/soon.ts";

// Each command is a separate process, which takes seconds on a busy machine.
setDefaultTimeout(60_000);

const PERMISSIVE = { app: "text", event_type: "text", payload: "text" };

describe.skipIf(!hasPostgres)("rows that the relay cannot send", () => {
  let world: OutboxWorld;
  beforeAll(async () => {
    world = await startOutboxWorld(["--max-body=64KiB"]);
  });
  afterAll(() => world?.[Symbol.asyncDispose]());

  /** Adds a row and returns its id. */
  async function add(table: string, app: string | null, eventType: string | null, payload: string | null) {
    const [{ id }] = await world.sql.unsafe(
      `INSERT INTO ${table} (app, event_type, payload) VALUES ($1, $2, $3) RETURNING id::text`,
      [app, eventType, payload],
    );
    return id as string;
  }

  test("rows that cannot be messages get an error, are not sent again, and do not hold up the others", async () => {
    const table = await world.table({ ...PERMISSIVE, error: "text" });
    const app = await makeApplication(world.send);
    const nobody = freshUid("nobody");
    const large = JSON.stringify({ text: "x".repeat(100_000) });
    const injected = '{}, "eventId": "other"';
    const expected: Record<string, string> = {};
    for (const [of, eventType, payload, error] of [
      [app, "no spaces allowed", "{}", "eventType: "],
      [app, "a", large, "The server responded with 413: "],
      [app, "a", "[1]", "payload: "],
      [app, "a", "not JSON", "The payload is not valid JSON."],
      [app, "a", injected, "The payload is not valid JSON."],
      [app, "a", null, "The row has no payload."],
      [app, null, "{}", "The row has no event type."],
      [null, "a", "{}", "The row has no application."],
      [nobody, "a", "{}", `Application ${nobody} does not exist on the server at ${world.server.url}.`],
      ["..", "a", "{}", ""],
    ] as const) {
      expected[await add(table, of, eventType, payload)] = error;
      await add(table, app, "good", "{}");
    }
    const { code, stdout } = await world.run(["--table", table, "--columns=error=error", "--once", "--json"]);
    expect(code).toBe(1);
    const rows: readonly { id: string; error: string | null }[] = await world.sql.unsafe(
      `SELECT id::text, error FROM ${table} WHERE sent_at IS NULL ORDER BY ${table}.id`,
    );
    expect(rows.map(({ id }) => id)).toEqual(Object.keys(expected));
    for (const { id, error } of rows) expect(error).toStartWith(expected[id]!);
    expect(await world.messages(app)).toHaveLength(10);
    const refused = relayLines({ lines: stdout.trimEnd().split("\n") }).filter(({ type }) => type === "refused");
    expect(refused.map(({ id, reason, retryMs }) => ({ id, reason, retryMs }))).toEqual(
      expect.arrayContaining(rows.map(({ id, error }) => ({ id, reason: error!, retryMs: null }))),
    );

    const again = await world.run(["--table", table, "--columns=error=error", "--once", "--json"]);
    expect(again.code).toBe(0);
    expect(again.stdout.trimEnd().split("\n")).toHaveLength(1);
    // A user who has repaired a row clears its error.
    const [first] = rows;
    await world.sql.unsafe(`UPDATE ${table} SET event_type = 'a', error = NULL WHERE id = $1`, [first!.id]);
    expect((await world.run(["--table", table, "--columns=error=error", "--once"])).code).toBe(0);
    expect((await world.messages(app)).at(-1)!.eventId).toBe(first!.id);
  });

  test("without a column for errors, a refused row is reported and skipped while the others are sent", async () => {
    const table = await world.table(PERMISSIVE);
    const app = await makeApplication(world.send);
    const bad = await add(table, app, "a", "not JSON");
    await using relay = await world.start(["--table", table]);
    const [refused] = relayLines({ lines: [await relay.line((line) => line.includes('"type":"refused"'))] });
    expect(refused).toMatchObject({ id: bad, application: app, reason: "The payload is not valid JSON." });
    expect(refused!.retryMs).toBe(60_000);
    for (let sent = 1; sent <= 3; sent++) {
      await add(table, app, "a", "{}");
      await soon(
        () => world.messages(app),
        ({ length }) => length === sent,
      );
    }
    expect(relayLines(relay).filter(({ type }) => type === "refused")).toHaveLength(1);
  });

  test("without --json, a refused row is a line on stderr", async () => {
    const table = await world.table(PERMISSIVE);
    const app = await makeApplication(world.send);
    const id = await add(table, app, "a", "not JSON");
    const { code, stdout, stderr } = await world.run(["--table", table, "--once"]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: expect.stringContaining(`${app}  0 sent, 1 refused`) });
    expect(stderr).toContain(
      `Row ${id} of the application ${app} was refused: The payload is not valid JSON. The next attempt is in 1m.\n`,
    );
  });

  test("an application that does not exist is paused, and the rows of others are sent", async () => {
    const table = await world.table(PERMISSIVE);
    const app = await makeApplication(world.send);
    const nobody = freshUid("nobody");
    for (let n = 0; n < 3; n++) await add(table, nobody, "a", "{}");
    await add(table, app, "a", "{}");
    await using relay = await world.start(["--table", table]);
    const [paused] = relayLines({ lines: [await relay.line((line) => line.includes('"paused"'))] });
    expect(paused).toMatchObject({
      application: nobody,
      reason: `Application ${nobody} does not exist on the server at ${world.server.url}.`,
      retryMs: 60_000,
    });
    await soon(
      () => world.messages(app),
      ({ length }) => length === 1,
    );
    expect(relayLines(relay).filter(({ type }) => type === "paused")).toHaveLength(1);
  });

  test("an application whose quota is used up is paused, and its rows keep their place", async () => {
    const table = await world.table(PERMISSIVE);
    const app = freshUid("limited");
    await world.send("POST", "/app", { uid: app, name: app, quota: { messagesPerDay: 2 } });
    for (let n = 0; n < 4; n++) await add(table, app, "a", "{}");
    await using relay = await world.start(["--table", table]);
    await relay.line((line) => line.includes('"paused"'));
    const lines = relayLines(relay);
    expect(lines.find(({ type }) => type === "batch")).toMatchObject({ sent: 2, refused: 0 });
    expect(lines.filter(({ type }) => type === "refused")).toEqual([]);
    const [{ unsent }] = await world.sql.unsafe(`SELECT count(*)::int AS unsent FROM ${table} WHERE sent_at IS NULL`);
    expect(unsent).toBe(2);
  });

  test("a row whose eventId another message has is refused, unless that is the row's own message", async () => {
    const table = await world.table({ ...PERMISSIVE, error: "text" });
    const app = await makeApplication(world.send);
    const own = await add(table, app, "a", '{"n": 1.0}');
    const foreign = await add(table, app, "a", '{"n": 2}');
    for (const [eventId, payload] of [
      [own, '{"n":1.0}'],
      [foreign, '{"n":3}'],
    ] as const) {
      await world.send("POST", `/app/${app}/msg`, `{"eventType":"a","eventId":"${eventId}","payload":${payload}}`);
    }
    const { code, stdout } = await world.run(["--table", table, "--columns=error=error", "--once", "--json"]);
    expect(code).toBe(1);
    expect(relayLines({ lines: stdout.trimEnd().split("\n") })[1]).toMatchObject({
      sent: 1,
      duplicates: 1,
      refused: 1,
    });
    const rows = await world.sql.unsafe(`SELECT id::text, sent_at IS NOT NULL AS sent, error FROM ${table} ORDER BY 1`);
    expect([...rows]).toEqual([
      { id: own, sent: true, error: null },
      { id: foreign, sent: false, error: `The application has another message with the eventId ${foreign}.` },
    ]);
  });

  test("a token for one application ends the relay before anything is sent, and the message says which token to use", async () => {
    const table = await world.table();
    const app = await makeApplication(world.send);
    await add(table, app, "a", "{}");
    const { json: access } = await world.send("POST", `/auth/app-portal-access/${app}`, {});
    const { code, stderr } = await world.run(["--table", table, "--once"], { BOATHOOK_TOKEN: access.token });
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr:
        "The token is for one application. Use one for the whole environment, such as `boathook token create` makes without --app.\n",
    });
    expect(await world.messages(app)).toEqual([]);
  });

  test.each(["{}", '{"data":[null]}', '{"data":"a"}', '{"data":[{}]}'])(
    "a server that responds with %s instead of results of messages ends the relay with one sentence",
    async (text) => {
      const table = await world.table();
      await add(table, "acme", "a", "{}");
      await using other = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response(text) });
      const env = { BOATHOOK_SERVER: `http://127.0.0.1:${other.port}` };
      const { code, stderr } = await world.run(["--table", table, "--once"], env);
      expect({ code, last: stderr.trimEnd().split("\n").slice(1) }).toEqual({
        code: 1,
        last: ["The response contains no results of messages. Check --server."],
      });
    },
  );

  test("rows that are larger than a request may be together are sent in several requests", async () => {
    const table = await world.table(PERMISSIVE);
    const app = await makeApplication(world.send);
    const payload = JSON.stringify({ text: "x".repeat(30_000) });
    await world.sql.unsafe(
      `INSERT INTO ${table} (app, event_type, payload) SELECT $1, 'a', $2 FROM generate_series(1, 20)`,
      [app, payload],
    );
    expect((await world.run(["--table", table, "--once"])).code).toBe(0);
    const sent = await world.messages(app);
    expect(sent.map(({ eventId }) => Number(eventId))).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
  });
});
