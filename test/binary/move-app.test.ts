import { expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { makeApplication } from "../support/client.ts";
import { attemptsOf, makeEndpoint, sendMessage, sendMessages, until } from "../support/delivery.ts";
import { moveApp, twoServers } from "../support/move.ts";
import { ok, withStatus } from "../support/receiver.ts";

test("an application moves to another server with its endpoints, secrets, tokens and ids", async () => {
  await using servers = await twoServers();
  const { a, b, receiver } = servers;
  const app = await makeApplication(a.send);
  const { json: before } = await a.send("GET", `/app/${app}`);
  const endpoint = await makeEndpoint(a.send, app, receiver.url, { uid: "hooks", headers: { "x-tenant": "acme" } });
  const { json: secret } = await a.send("GET", `/app/${app}/endpoint/${endpoint}/secret`);
  const { json: access } = await a.send("POST", `/auth/app-portal-access/${app}`, {});

  const { code, stdout, stderr } = await moveApp(app, a.url, b.url);

  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).toContain(`The application ${app} is now served by ${b.url}.`);
  expect((await b.send("GET", `/app/${app}`)).json).toEqual(before);
  expect((await b.send("GET", `/app/${before.id}/endpoint/hooks`)).json).toMatchObject({ id: endpoint, uid: "hooks" });
  expect((await b.send("GET", `/app/${app}/endpoint/${endpoint}/secret`)).json).toEqual(secret);
  const asCustomer = await b.send("GET", `/app/${app}/endpoint`, undefined, { token: access.token });
  expect({ status: asCustomer.status, ids: asCustomer.json.data.map(({ id }: { id: string }) => id) }).toEqual({
    status: 200,
    ids: [endpoint],
  });
  const message = await sendMessage(b.send, app);
  const [received] = await receiver.arrived(1, ({ id }) => id === message);
  expect(received!.headers.get("x-tenant")).toBe("acme");
});

test("messages that wait keep their ids, attempts and order at the new server", async () => {
  await using servers = await twoServers(["--retry-schedule=1h,1h"]);
  const { a, b, receiver } = servers;
  receiver.answering = withStatus(500);
  const app = await makeApplication(a.send);
  const endpoint = await makeEndpoint(a.send, app, receiver.url, { ordering: "fifo" });
  const ids = await sendMessages(a.send, app, 25);
  await receiver.arrived(1);
  await attemptsOf(a.send, app, ids[0]!);
  const { json: before } = await a.send("GET", `/app/${app}/attempt/msg/${ids[0]}`);

  const { code, stdout, stderr } = await moveApp(app, a.url, b.url, {}, "--with-history");

  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).toContain("25 waiting deliveries moved with it.");
  expect(stdout).toContain("25 messages of its history were copied.");
  expect(await (await fetch(`${b.url}/metrics`)).text()).toContain("\nboathook_deliveries_pending 25\n");
  const { json: after } = await b.send("GET", `/app/${app}/attempt/msg/${ids[0]}`);
  expect(after.data.map(withoutId)).toEqual(before.data.map(withoutId));
  receiver.answering = ok;
  const { status } = await b.send("POST", `/app/${app}/msg/${ids[0]}/endpoint/${endpoint}/resend`);
  expect(status).toBe(202);
  const received = await receiver.arrived(26);
  expect(new Set(received.map(({ id }) => id))).toEqual(new Set(ids));
  expect(received.slice(1, 25).map(({ id }) => id)).toEqual(ids.slice(1));
});

test("a function whose delivery moved sends nothing again that it had sent at the old server", async () => {
  await using servers = await twoServers(["--retry-schedule=1h,1h"]);
  const { a, b } = servers;
  const app = await makeApplication(a.send);
  for (const name of ["a", "b"]) await a.send("POST", "/event-type", { name, description: "" });
  const code = `async function handler(event, ctx) {
    const { id } = await ctx.send({ eventType: "b", payload: { time: Date.now() } });
    throw new Error(id);
  }`;
  const fields = { eventTypes: ["a"], function: { code } };
  const endpoint = await makeEndpoint(a.send, app, "function:", fields);
  const message = await sendMessage(a.send, app, { eventType: "a" });
  await attemptsOf(a.send, app, message);
  const { json: before } = await a.send("GET", `/app/${app}/msg?event_types=b`);

  expect(await moveApp(app, a.url, b.url)).toMatchObject({ code: 0, stderr: "" });
  const { status } = await b.send("POST", `/app/${app}/msg/${message}/endpoint/${endpoint}/resend`);
  expect(status).toBe(202);
  const [attempt] = await attemptsOf(b.send, app, message);

  const { json: after } = await b.send("GET", `/app/${app}/msg?event_types=b`);
  expect(before.data).toHaveLength(1);
  expect(after.data).toEqual(before.data);
  expect(attempt!.response).toContain(before.data[0].id);
});

test("an application with more settings than a request may usually have moves", async () => {
  await using servers = await twoServers();
  const { a, b, receiver } = servers;
  const app = await makeApplication(a.send);
  const noise = () => randomBytes(45_000).toString("base64");
  for (let i = 0; i < 220; i++) await makeEndpoint(a.send, app, receiver.url, { description: noise() });

  const { code, stderr } = await moveApp(app, a.url, b.url);

  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  const { json } = await b.send("GET", `/app/${app}/endpoint?limit=250`);
  expect(json.data).toHaveLength(220);
});

test("long responses of the history cross in pages of a limited size", async () => {
  await using servers = await twoServers(["--max-response-stored=64KiB"]);
  const { a, b, receiver } = servers;
  const noise = randomBytes(48_000).toString("base64");
  receiver.answering = () => new Response(noise);
  const app = await makeApplication(a.send);
  await makeEndpoint(a.send, app, receiver.url);
  const ids = await sendMessages(a.send, app, 30);
  for (const id of ids) await attemptsOf(a.send, app, id);
  expect((await moveApp(app, a.url, b.url)).code).toBe(0);
  const { json: here } = await a.send("GET", `/app/${app}/move`);
  const { json: arrival } = await b.send("POST", `/arrival/${here.appId}`, here);

  const { json: page } = await a.send("POST", `/app/${app}/move/page`, {
    ...{ publicKey: arrival.publicKey, part: "history", after: arrival.historyTo },
  });
  const { stdout } = await moveApp(app, a.url, b.url, {}, "--with-history");

  expect(page.count).toBeLessThan(10);
  expect(stdout).toContain("30 messages of its history were copied.");
  const [attempt] = await attemptsOf(b.send, app, ids.at(-1)!);
  expect(attempt!.response).toBe(noise);
});

test("a host name in another form is stored as the URL that a header can contain", async () => {
  await using servers = await twoServers();
  const { a, b } = servers;
  const app = await makeApplication(a.send);
  const { port } = new URL(b.url);

  const { code, stdout } = await moveApp(app, a.url, `HTTP://１２７.0.0.1:${port}/`);

  expect({ code, isNamed: stdout.includes(`is now served by ${b.url}.`) }).toEqual({ code: 0, isNamed: true });
  const { status, headers } = await a.send("GET", `/app/${app}`);
  expect({ status, place: headers.get("boathook-moved-to") }).toEqual({ status: 421, place: b.url });
});

function withoutId({ id: _, ...attempt }: { id: string }): object {
  return attempt;
}

test("the old server responds to requests for a moved application with 421 and the new place", async () => {
  await using servers = await twoServers();
  const { a, b } = servers;
  const app = await makeApplication(a.send);
  const { json } = await a.send("GET", `/app/${app}`);
  const { json: access } = await a.send("POST", `/auth/app-portal-access/${app}`, {});
  expect((await moveApp(app, a.url, b.url)).code).toBe(0);

  const requests = await Promise.all([
    a.send("POST", `/app/${app}/msg`, { eventType: "a", payload: {} }),
    a.send("GET", `/app/${json.id}`),
    a.send("PUT", `/app/${app}`, { name: "again", uid: app }),
    a.send("POST", "/app", { name: "again", uid: app }),
    a.send("GET", `/app/${app}/endpoint`, undefined, { token: access.token }),
  ]);

  for (const { status, headers, json } of requests) {
    expect({ status, code: json.code, to: headers.get("boathook-moved-to") }).toEqual({
      status: 421,
      code: "application_moved",
      to: b.url,
    });
  }
});

test("a token of another application does not learn that an application has moved, or where", async () => {
  await using servers = await twoServers();
  const { a, b } = servers;
  const [app, other] = [await makeApplication(a.send), await makeApplication(a.send)];
  const { json } = await a.send("GET", `/app/${app}`);
  const { json: access } = await a.send("POST", `/auth/app-portal-access/${other}`, {});
  expect((await moveApp(app, a.url, b.url)).code).toBe(0);
  for (const name of [app, json.id, "nobody"]) {
    const { status, text, headers } = await a.send("GET", `/app/${name}/endpoint`, undefined, { token: access.token });
    expect({ status, text, to: headers.get("boathook-moved-to") }).toEqual({
      status: 404,
      text: '{"code":"not_found","detail":"Application not found"}',
      to: null,
    });
  }
});

test("an application that moves back keeps its ids, and the server that it left gives the place", async () => {
  await using servers = await twoServers(["--retry-schedule=1h"]);
  const { a, b, receiver } = servers;
  receiver.answering = withStatus(500);
  const app = await makeApplication(a.send);
  const endpoint = await makeEndpoint(a.send, app, receiver.url);
  const { json: access } = await a.send("POST", `/auth/app-portal-access/${app}`, {});
  const ids = await sendMessages(a.send, app, 5);
  expect((await moveApp(app, a.url, b.url, {}, "--with-history")).stderr).toBe("");
  ids.push(...(await sendMessages(b.send, app, 5)));

  expect((await moveApp(app, b.url, a.url, {}, "--with-history")).stderr).toBe("");

  expect((await b.send("GET", `/app/${app}`)).status).toBe(421);
  expect((await a.send("GET", `/app/${app}/endpoint`, undefined, { token: access.token })).json.data[0].id).toBe(
    endpoint,
  );
  const { json } = await a.send("GET", `/app/${app}/msg`);
  expect(json.data.map(({ id }: { id: string }) => id)).toEqual(ids.toReversed());
  receiver.answering = ok;
  expect((await a.send("POST", "/dead-letter/redrive", { filter: { all: true }, rate: 1000 })).status).toBe(202);
  const before = receiver.received.length;
  for (const id of ids)
    expect((await a.send("POST", `/app/${app}/msg/${id}/endpoint/${endpoint}/resend`)).status).toBe(202);
  await until(
    async () => new Set(receiver.received.slice(before).map(({ id }) => id)),
    (found) => ids.every((id) => found.has(id)),
  );
});

test("after a move with history, a known eventId is refused; without history only while its message waits", async () => {
  await using servers = await twoServers();
  const { a, b, receiver } = servers;
  const statuses: number[][] = [];
  for (const flags of [["--with-history"], []]) {
    receiver.answering = ok;
    const app = await makeApplication(a.send);
    await makeEndpoint(a.send, app, receiver.url);
    const delivered = await sendMessage(a.send, app, { eventId: "delivered" });
    await receiver.arrived(1, ({ id }) => id === "delivered" || id === delivered);
    receiver.answering = withStatus(500);
    await sendMessage(a.send, app, { eventId: "waits" });
    expect((await moveApp(app, a.url, b.url, {}, ...flags)).stderr).toBe("");
    const send = (eventId: string) => b.send("POST", `/app/${app}/msg`, { eventType: "a", payload: {}, eventId });
    statuses.push([(await send("delivered")).status, (await send("waits")).status]);
  }
  expect(statuses).toEqual([
    [409, 409],
    [202, 409],
  ]);
});

test("during a move, requests for the application get 503 with Retry-After at the new server", async () => {
  await using servers = await twoServers();
  const { a, b, receiver } = servers;
  receiver.answering = withStatus(500);
  const app = await makeApplication(a.send);
  await makeEndpoint(a.send, app, receiver.url);
  const state = (await a.send("GET", `/app/${app}/move`)).json;
  const { publicKey } = (await b.send("POST", `/arrival/${state.appId}`, state)).json;
  const page = (await a.send("POST", `/app/${app}/move/page`, { publicKey, part: "settings" })).json;
  expect((await b.send("POST", `/arrival/${state.appId}/page`, { sealed: page.sealed })).status).toBe(200);

  for (const restarts of [false, true]) {
    if (restarts) {
      await b.kill();
      await b.start();
    }
    for (const [method, path] of [
      ["GET", `/app/${app}`],
      ["PUT", `/app/${app}`],
      ["POST", `/app/${app}/msg`],
    ] as const) {
      const body = method === "GET" ? undefined : { name: "a", eventType: "a", payload: {} };
      const { status, headers, json } = await b.send(method, path, body);
      expect({ status, code: json.code, after: headers.get("retry-after") }).toEqual({
        status: 503,
        code: "application_moving",
        after: "1",
      });
    }
  }
  const onward = await b.send("POST", `/app/${app}/move/hold`);
  expect({ status: onward.status, code: onward.json.code }).toEqual({ status: 409, code: "move_arriving" });
  await sendMessage(a.send, app);
});
