import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { makeApplication } from "../support/client.ts";
import { fakeApi } from "../support/fake-api.ts";
import { freePort } from "../support/free-port.ts";
import { type OutboxWorld, relayLines, startOutboxWorld } from "../support/outbox.ts";
import { hasPostgres, POSTGRES_PASSWORD, POSTGRES_USER } from "../support/postgres.ts";
import { soon } from "../support/soon.ts";

// Each command is a separate process, which takes seconds on a busy machine.
setDefaultTimeout(120_000);

/** When the relay is killed, by the request for a batch. */
const MOMENTS = ["before the server has it", "before its response", "after a mark", "with its response"] as const;

describe.skipIf(!hasPostgres)("the relay while something fails", () => {
  let world: OutboxWorld;
  beforeAll(async () => {
    world = await startOutboxWorld();
  });
  afterAll(() => world?.[Symbol.asyncDispose]());

  const unsentIn = async (table: string): Promise<number> => {
    const [{ unsent }] = await world.sql.unsafe(`SELECT count(*)::int AS unsent FROM ${table} WHERE sent_at IS NULL`);
    return unsent;
  };

  test("relays that are killed before, during and after a request lose no row, and no message is stored twice", async () => {
    const table = await world.table();
    const app = await makeApplication(world.send);
    const count = 9000;
    await world.sql.unsafe(
      `INSERT INTO ${table} (app, payload) SELECT $1, jsonb_build_object('n', n) FROM generate_series(1, $2::int) n`,
      [app, count],
    );
    let moment: (typeof MOMENTS)[number] = MOMENTS[0];
    let kill = () => {};
    using between = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      async fetch(request) {
        const { pathname, search } = new URL(request.url);
        const { method, headers } = request;
        const isBatch = method === "POST";
        const body = isBatch ? await request.text() : null;
        if (isBatch && moment === "before the server has it") kill();
        const response = await fetch(`${world.server.url}${pathname}${search}`, { method, headers, body });
        const answer = Response.json(await response.json(), { status: response.status });
        if (isBatch && moment === "before its response") kill();
        if (isBatch && moment === "with its response") queueMicrotask(kill);
        return answer;
      },
    });
    let again = 0;
    for (let runs = 0; (await unsentIn(table)) > 0; runs++) {
      moment = MOMENTS[runs % MOMENTS.length]!;
      await using relay = await world.start(["--table", table], {
        BOATHOOK_SERVER: `http://127.0.0.1:${between.port}`,
      });
      kill = () => relay.kill("SIGKILL");
      if (moment === "after a mark") await relay.line((line) => line.includes('"batch"'));
      if (moment === "after a mark") kill();
      await relay.exited;
      again += relayLines(relay).reduce((sum, { duplicates = 0 }) => sum + duplicates, 0);
    }
    const sent = (await world.messages(app)).map(({ payload }) => (payload as { n: number }).n);
    expect(sent).toEqual(Array.from({ length: count }, (_, index) => index + 1));
    // Rows whose mark was lost were sent again.
    expect(again).toBeGreaterThanOrEqual(1000);
  });

  test("while the server is down, rows wait, and they are sent when it is back", async () => {
    const table = await world.table();
    const app = await makeApplication(world.send);
    await using relay = await world.start(["--table", table]);
    await relay.line((line) => line.includes('"ready"'));
    using gate = fakeApi(() => new Response("{}", { status: 503 }));
    await using other = await world.start(["--table", table], { BOATHOOK_SERVER: gate.url });
    await other.line((line) => line.includes('"waiting"'));
    await world.server.restart();
    await world.sql.unsafe(`INSERT INTO ${table} (app) VALUES ($1)`, [app]);
    await relay.line((line) => line.includes('"batch"'));
    expect(await world.messages(app)).toHaveLength(1);
    for (const one of [relay, other]) {
      one.kill("SIGTERM");
      expect(await one.exited).toBe(0);
    }
  });

  test("a server that responds with 429 gets no further request before the time that it asks for", async () => {
    const table = await world.table();
    await world.sql.unsafe(`INSERT INTO ${table} (app) VALUES ('a')`);
    using api = fakeApi(({ method }) =>
      method === "GET"
        ? Response.json({})
        : Response.json(
            { code: "rate_limited", detail: "Too fast" },
            { status: 429, headers: { "retry-after": "3600" } },
          ),
    );
    await using relay = await world.start(["--table", table], { BOATHOOK_SERVER: api.url });
    const [waiting] = relayLines({ lines: [await relay.line((line) => line.includes('"waiting"'))] });
    expect(waiting!.reason).toBe("The server responded with 429: Too fast");
    relay.kill("SIGTERM");
    expect(await relay.exited).toBe(0);
    expect(api.seen.filter(({ method }) => method === "POST")).toHaveLength(1);
    expect(await unsentIn(table)).toBe(1);
  });

  test("a token that is revoked ends the relay with exit code 1, and no row is lost", async () => {
    const table = await world.table();
    const app = await makeApplication(world.send);
    const token = await world.server.createToken();
    await using relay = await world.start(["--table", table], { BOATHOOK_TOKEN: token });
    await relay.line((line) => line.includes('"ready"'));
    const [{ id }] = JSON.parse(`[${await world.server.run("token", "list", "--json")}]`.replaceAll("}\n{", "},{"));
    await world.server.run("token", "revoke", id);
    await world.sql.unsafe(`INSERT INTO ${table} (app) VALUES ($1)`, [app]);
    expect(await relay.exited).toBe(1);
    expect(relay.stderr).toStartWith(`The server at ${world.server.url} does not accept the token`);
    expect(await unsentIn(table)).toBe(1);
  });

  test("the relay connects again, also its LISTEN, when the database was killed and started", async () => {
    const table = await world.table();
    const app = await makeApplication(world.send);
    await using relay = await world.start(["--table", table, "--channel=rows", "--poll=1h"]);
    await relay.line((line) => line.includes('"ready"'));
    await world.postgres.kill();
    await relay.line((line) => line.includes('"waiting"'));
    await world.postgres.start();
    await relay.line((line) => line.includes('"resumed"'));
    await world.sql.unsafe(`INSERT INTO ${table} (app) VALUES ($1)`, [app]);
    await world.sql.notify("rows");
    await relay.line((line) => line.includes('"batch"'));
    expect(await world.messages(app)).toHaveLength(1);
  });

  test("a connection that the database ends while rows are sent costs no row", async () => {
    const table = await world.table();
    const app = await makeApplication(world.send);
    await world.sql.unsafe(
      `INSERT INTO ${table} (app, payload) SELECT $1, jsonb_build_object('n', n) FROM generate_series(1, 3000) n`,
      [app],
    );
    await using relay = await world.start(["--table", table]);
    await relay.line((line) => line.includes('"ready"'));
    await soon(
      async () => {
        await world.sql`
          SELECT pg_terminate_backend(pid) FROM pg_stat_activity
          WHERE pid <> pg_backend_pid() AND state = 'idle in transaction'`;
        return unsentIn(table);
      },
      (unsent) => unsent <= 2000 || relay.lines.some((line) => line.includes('"waiting"')),
    );
    await soon(
      () => unsentIn(table),
      (unsent) => unsent === 0,
    );
    expect(await world.messages(app)).toHaveLength(3000);
  });

  test("while a relay sends rows of an application, another one sends only those of others, until the first is killed", async () => {
    const table = await world.table();
    const [app, other] = [await makeApplication(world.send), await makeApplication(world.send)];
    const add = (of: string, n: number) =>
      world.sql.unsafe(`INSERT INTO ${table} (app, payload) VALUES ($1, jsonb_build_object('n', $2::int))`, [of, n]);
    // This server never responds, so that the transaction of the first relay stays open.
    using held = fakeApi(({ method }) =>
      method === "GET" ? Response.json({}) : (new Promise<Response>(() => {}) as unknown as Response),
    );
    await using first = await world.start(["--table", table], { BOATHOOK_SERVER: held.url });
    await first.line((line) => line.includes('"ready"'));
    await add(app, 1);
    await soon(
      () => held.seen.length,
      (requests) => requests === 2,
    );
    await add(app, 2);
    await add(other, 3);
    await using second = await world.start(["--table", table]);
    await second.line((line) => line.includes(other));
    expect(await world.messages(app)).toEqual([]);
    first.kill("SIGKILL");
    await second.line((line) => line.includes(app));
    expect((await world.messages(app)).map(({ payload }) => payload)).toEqual([{ n: 1 }, { n: 2 }]);
  });

  test("errors never contain the password of the database", async () => {
    const encoded = encodeURIComponent(POSTGRES_PASSWORD);
    const nowhere = `postgres://owner:${encoded}@127.0.0.1:${freePort()}/shop`;
    const wrong = world.url.replace("owner:", "nobody:");
    const unknown = world.url.replace(/test_1$/, "missing");
    for (const [url, expected, code] of [
      [nowhere, "cannot be used (Failed to connect). Check that the PostgreSQL server runs", 1],
      [wrong, '(password authentication failed for user "nobody"). Check the user and the password', 1],
      [unknown, 'cannot be used (database "missing" does not exist). Create the database', 1],
      [`${world.url}?sslmode=require`, "cannot be used (Server does not support SSL). Set up TLS", 1],
      [`${world.url}?sslmode=${encoded}`, "must be one of disable, prefer, require, verify-ca, verify-full.", 2],
      [`${world.url}?password=${encoded}`, "a parameter other than", 2],
      [`mysql://owner:${encoded}@127.0.0.1/shop`, "must be a URL such as", 2],
      [encoded, "must be a URL such as", 2],
    ] as const) {
      const finished = await world.runWith(url, ["--table=outbox", "--once"]);
      expect({ url, code: finished.code, stderr: finished.stderr }).toEqual({
        ...{ url, code },
        stderr: expect.stringContaining(expected),
      });
      for (const secret of [encoded, POSTGRES_PASSWORD])
        expect(finished.stdout + finished.stderr).not.toContain(secret);
    }
  });

  test("the password can be in PGPASSWORD instead of the URL", async () => {
    const table = await world.table();
    const url = world.url.replace(/:[^:@/]+@/, "@");
    const { code, stderr } = await world.runWith(url, ["--table", table, "--once"], { PGPASSWORD: POSTGRES_PASSWORD });
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining("Ready.") });
  });

  test("the database can be reached over its Unix socket", async () => {
    const table = await world.table();
    const { socketDirectory, port } = world.postgres;
    const url = `postgres:///test_1?host=${socketDirectory}&port=${port}&user=${POSTGRES_USER}`;
    expect((await world.runWith(url, ["--table", table, "--once"])).code).toBe(0);
  });
});
