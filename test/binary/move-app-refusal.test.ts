import { describe, expect, test } from "bun:test";
import { makeApplication } from "../support/client.ts";
import { makeEndpoint, sendMessage, sendMessages } from "../support/delivery.ts";
import { install } from "../support/installation.ts";
import { moveApp, twoServers } from "../support/move.ts";
import { hasPostgres, startPostgres } from "../support/postgres.ts";
import { heldBack, ok, withStatus } from "../support/receiver.ts";
import { databaseSettings } from "../support/server-database.ts";
import { diskKinds } from "../support/small-disk.ts";

describe("a move that is refused leaves the application where it is", () => {
  test("an application with the same uid at the other server is not overwritten", async () => {
    await using servers = await twoServers();
    const { a, b } = servers;
    const app = await makeApplication(a.send);
    await b.send("POST", "/app", { name: "the other one", uid: app });

    const { code, stderr } = await moveApp(app, a.url, b.url);

    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: `The server at ${b.url} responded with 409: Another application here has the uid of this one. Change one of them.\n`,
    });
    expect((await b.send("GET", `/app/${app}`)).json.name).toBe("the other one");
    await sendMessage(a.send, app);
  });

  test("a token that is not a root token of both servers is refused, and the message names its variable", async () => {
    await using servers = await twoServers();
    const { a, b } = servers;
    const app = await makeApplication(a.send);
    const { json } = await b.send("POST", "/management/environment", { name: "other", type: "development" });
    const { json: limited } = await b.send("POST", `/management/authentication/${json.id}/api-token`, { name: "a" });

    const unknown = await moveApp(app, a.url, b.url, { BOATHOOK_TARGET_TOKEN: "wrong" });
    const tooLittle = await moveApp(app, a.url, b.url, { BOATHOOK_TARGET_TOKEN: limited.token });

    expect(unknown.code).toBe(1);
    expect(unknown.stderr).toBe(
      `The server at ${b.url} does not accept the token in BOATHOOK_TARGET_TOKEN. Set it to a token of this server.\n`,
    );
    const { stderr } = await moveApp(app, b.url, a.url, { BOATHOOK_TOKEN: limited.token });
    const message = (variable: string) =>
      `The token for the server at ${b.url} is not a root token. Set ${variable} to its root token.\n`;
    expect({ code: tooLittle.code, stderr: tooLittle.stderr }).toEqual({
      code: 1,
      stderr: message("BOATHOOK_TARGET_TOKEN"),
    });
    expect(stderr).toBe(message("BOATHOOK_TOKEN"));
    await sendMessage(a.send, app);
  });

  test("an application with pinned endpoints moves only if the other server has the same payload versions", async () => {
    await using servers = await twoServers();
    const { a, b, receiver } = servers;
    const app = await makeApplication(a.send);
    const [older, newer] = [
      { version: "2026-01-01" },
      { version: "2026-02-01", downgrade: "function downgrade(payload) { return { old: payload.new }; }" },
    ];
    for (const version of [older, newer]) expect((await a.send("POST", "/payload-version", version)).status).toBe(201);
    await makeEndpoint(a.send, app, receiver.url, { apiVersion: "2026-01-01" });

    const { code, stderr } = await moveApp(app, a.url, b.url);

    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: `The server at ${b.url} responded with 409: The payload version 2026-01-01 does not exist here, but endpoints of the application depend on it. Create it as it is at the origin.\n`,
    });
    await sendMessage(a.send, app);
    await receiver.arrived(1);
    for (const version of [older, newer]) expect((await b.send("POST", "/payload-version", version)).status).toBe(201);
    expect((await moveApp(app, a.url, b.url)).code).toBe(0);
    const id = await sendMessage(b.send, app, { payload: { new: 1 } });
    const [request] = await receiver.arrived(1, (received) => received.id === id);
    expect(request!.body.toString()).toBe('{"old":1}');
  });

  test("a source is not moved, by its id, its uid or its application, and the message names it", async () => {
    await using servers = await twoServers();
    const { a, b } = servers;
    const wanted = { name: "Shop", uid: "shop", type: "github", config: { secret: "of github" } };
    const { status, json: source } = await a.send("POST", "/ingest/api/v1/source", wanted);
    expect(status).toBe(201);
    const { json: dashboard } = await a.send("POST", `/ingest/api/v1/source/${source.id}/dashboard`, {});
    const { appId } = JSON.parse(Buffer.from(dashboard.url.split("#key=")[1], "base64").toString());

    for (const name of [source.id, "shop", appId]) {
      const { code, stderr } = await moveApp(name, a.url, b.url);
      expect({ code, stderr }).toEqual({
        code: 1,
        stderr: `The server responded with 409: Sources do not move, and neither does the application behind the source "Shop" (${source.id}). Create the source at the other server, let its sender use the new URL, and delete it here when nothing waits any more.\n`,
      });
    }
    expect((await b.send("GET", "/app")).json.data).toEqual([]);
  });

  test("an application is not moved to the server that it is on, also under another name of the server", async () => {
    await using server = await install();
    const { json } = await server.send("POST", "/app", { name: "without a uid" });
    for (const app of [json.id as string, await makeApplication(server.send)]) {
      for (const to of [server.url, server.url.replace("127.0.0.1", "localhost")]) {
        const { code, stderr } = await moveApp(app, server.url, to);
        expect({ code, stderr }).toEqual({
          code: 1,
          stderr: `The server at ${to} responded with 409: The application is already on this server. Set --to to another one.\n`,
        });
      }
      await sendMessage(server.send, app);
    }
  });

  test("an application that has come from another server is not moved to the server that it is on", async () => {
    await using servers = await twoServers();
    const { a, b } = servers;
    const app = await makeApplication(a.send);
    expect((await moveApp(app, a.url, b.url)).code).toBe(0);
    for (const to of [b.url, b.url.replace("127.0.0.1", "localhost")]) {
      const { code, stderr } = await moveApp(app, b.url, to);
      expect({ code, stderr }).toEqual({
        code: 1,
        stderr: `The application is served at ${to} already. If that is another name of the same server, set --to to another one. Otherwise one of the servers was probably restored from a backup.\n`,
      });
      const abandoned = await moveApp(app, b.url, to, {}, "--abandon");
      expect({ code: abandoned.code, stderr: abandoned.stderr }).toEqual({
        code: 1,
        stderr: `${to} serves the application, so nothing was deleted.\n`,
      });
    }
    await sendMessage(b.send, app);
  });

  test("messages about the other server name --to and its environment", async () => {
    await using servers = await twoServers();
    const { a, b } = servers;
    const app = await makeApplication(a.send);
    using page = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response("<h1>Welcome</h1>") });
    const place = `http://127.0.0.1:${page.port}`;

    const environment = await moveApp(app, a.url, b.url, {}, "--to-environment=nobody");
    const other = await moveApp(app, a.url, place);
    const closed = await moveApp(app, a.url, "http://127.0.0.1:1");

    expect([environment.stderr, other.stderr, closed.stderr]).toEqual([
      `Environment nobody does not exist on the server at ${b.url}.\n`,
      `The response from ${place} is not JSON. Check --to.\n`,
      "The server at http://127.0.0.1:1 cannot be reached (the connection was refused). Start it, or set --to.\n",
    ]);
    await sendMessage(a.send, app);
  });

  test("an application does not depart to a URL that a header cannot contain", async () => {
    await using server = await install();
    const { send } = server;
    const app = await makeApplication(send);
    const { json: held } = await send("POST", `/app/${app}/move/hold`, {});
    expect((await send("POST", `/app/${app}/move/hold`, { hold: held.hold, closed: true })).status).toBe(200);
    const urls = [
      "",
      "x",
      "https://b.example/\r\nx: y",
      "https://フック.example",
      "ftp://b.example",
      "https://u:p@b.example",
    ];
    for (const url of urls) {
      const { status } = await send("POST", `/app/${app}/move/depart`, { hold: held.hold, url });
      expect({ url, status }).toEqual({ url, status: 422 });
    }
    expect((await send("DELETE", `/app/${app}/move/hold/${held.hold}`)).status).toBe(204);
    await sendMessage(send, app);
  });

  test("an application that does not exist is named", async () => {
    await using servers = await twoServers();
    const { a, b } = servers;
    const { code, stderr } = await moveApp("nobody", a.url, b.url);
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: `Application nobody does not exist on the server at ${a.url}.\n`,
    });
  });

  test("servers with different schemas, or with clocks that differ, are refused", async () => {
    await using server = await install();
    const { send } = server;
    const id = "app_0KfxFXFUH4hEMq0Y8gpRxcT2bSr";
    const old = await send("POST", `/arrival/${id}`, { schemaVersion: 1, now: Date.now() });
    expect({ status: old.status, code: old.json.code }).toEqual({ status: 409, code: "move_version" });
    const app = await makeApplication(send);
    const { json } = await send("GET", `/app/${app}/move`);
    const late = await send("POST", `/arrival/${id}`, { schemaVersion: json.schemaVersion, now: Date.now() - 120_000 });
    expect({ status: late.status, code: late.json.code }).toEqual({ status: 409, code: "move_clock" });
  });

  test("pages that were not sealed for the server, and invalid places, get 422", async () => {
    await using server = await install();
    const { send } = server;
    const app = await makeApplication(send);
    const { json: here } = await send("GET", `/app/${app}/move`);
    const { json: arrival } = await send("POST", `/arrival/${here.appId}`, here);
    const requests = [
      send("POST", `/arrival/${here.appId}/page`, { sealed: "" }),
      send("POST", `/arrival/${here.appId}/page`, { sealed: "A".repeat(400) }),
      send("POST", `/app/${app}/move/page`, { publicKey: "no key", part: "settings" }),
      send("POST", `/app/${app}/move/page`, { publicKey: arrival.publicKey, part: "waiting", after: "{}" }),
      send("POST", `/app/${app}/move/page`, { publicKey: arrival.publicKey, part: "waiting", after: "null" }),
      send("POST", `/app/${app}/move/page`, { publicKey: arrival.publicKey, part: "history", after: "x" }),
      send("POST", `/app/${app}/move/page`, { publicKey: arrival.publicKey, part: "everything" }),
    ];
    for (const { status } of await Promise.all(requests)) expect(status).toBe(422);
  });

  test("an attempt that does not end within --wait stops the move, and deliveries go on", async () => {
    await using servers = await twoServers();
    const { a, b, receiver } = servers;
    const { answering, give } = heldBack();
    receiver.answering = answering;
    const app = await makeApplication(a.send);
    await makeEndpoint(a.send, app, receiver.url, { ordering: "fifo" });
    const ids = await sendMessages(a.send, app, 2);
    await receiver.arrived(1);

    const { code, stderr } = await moveApp(app, a.url, b.url, {}, "--wait=100ms");

    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: "1 attempts are still under way. Try again, or set --wait.\n",
    });
    give(ok);
    expect((await receiver.arrived(2)).map(({ id }) => id)).toEqual(ids);
  });
});

const disk = diskKinds.find(({ open }) => {
  using found = open();
  return found !== null;
});

test.skipIf(disk === undefined)(
  "if the disk of the other server is full, the application stays, and can move later",
  async () => {
    using small = disk!.open()!;
    await using servers = await twoServers();
    const { a, receiver } = servers;
    await using full = await install([], small);
    receiver.answering = withStatus(500);
    const app = await makeApplication(a.send);
    await makeEndpoint(a.send, app, receiver.url);
    const ids = await sendMessages(a.send, app, 100);
    small.fill(full.process.pid);

    const failed = await moveApp(app, a.url, full.url);

    expect({ code: failed.code, stderr: failed.stderr }).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("503"),
    });
    ids.push(await sendMessage(a.send, app));
    small.makeRoom(full.process.pid);
    expect((await moveApp(app, a.url, full.url)).stderr).toBe("");
    const { json } = await full.send("GET", `/app/${app}/msg?limit=250`);
    expect(new Set(json.data.map(({ id }: { id: string }) => id))).toEqual(new Set(ids));
  },
);

test.skipIf(!hasPostgres)("an application is not moved to or from a server that uses PostgreSQL", async () => {
  await using postgres = await startPostgres();
  await using files = await install();
  await using database = await install([], { env: databaseSettings(await postgres.createDatabase()) });
  for (const [from, to] of [[files, database] as const, [database, files] as const]) {
    const app = await makeApplication(from.send);

    const { code, stderr } = await moveApp(app, from.url, to.url);

    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringMatching(
        / responded with 409: Applications cannot be moved to or from a server that uses PostgreSQL\.\n$/,
      ),
    });
    expect((await to.send("GET", `/app/${app}`)).status).toBe(404);
    await sendMessage(from.send, app);
  }
});
