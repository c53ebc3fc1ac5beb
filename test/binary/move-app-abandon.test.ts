import { expect, test } from "bun:test";
import { makeApplication } from "../support/client.ts";
import { makeEndpoint, sendMessage, sendMessages, until } from "../support/delivery.ts";
import type { Installation } from "../support/installation.ts";
import { moveApp, type TwoServers, twoServers } from "../support/move.ts";
import { heldBack, ok, withStatus } from "../support/receiver.ts";

test("a move that is given up leaves nothing at the other server, and can be made later", async () => {
  await using servers = await twoServers();
  const { a, b, receiver } = servers;
  const app = await makeApplication(a.send);
  await makeEndpoint(a.send, app, receiver.url);
  const answer = heldBack();
  receiver.answering = answer.answering;
  const waiting = await sendMessage(a.send, app);
  await receiver.arrived(1);
  expect((await moveApp(app, a.url, b.url, {}, "--wait=10ms")).code).toBe(1);
  expect((await b.send("GET", `/app/${app}`)).status).toBe(503);

  const abandoned = await moveApp(app, a.url, b.url, {}, "--abandon");
  const again = await moveApp(app, a.url, b.url, {}, "--abandon");

  expect(abandoned).toEqual({ code: 0, stderr: "", stdout: `What had arrived of ${app} at ${b.url} was deleted.\n` });
  expect(again).toEqual({ code: 0, stderr: "", stdout: `What had arrived of ${app} at ${b.url} was not found.\n` });
  expect((await b.send("GET", `/app/${app}`)).status).toBe(404);
  answer.give(ok);
  await receiver.arrived(1, ({ id }) => id === waiting);
  expect((await moveApp(app, a.url, b.url)).code).toBe(0);
  const later = await sendMessage(b.send, app);
  await receiver.arrived(1, ({ id }) => id === later);
});

/** Ends a move before the application departs, and deletes the application at the old server. */
async function deletedDuringMove({ a, b, receiver }: TwoServers): Promise<{ app: string; id: string }> {
  const app = await makeApplication(a.send);
  const { json: application } = await a.send("GET", `/app/${app}`);
  await makeEndpoint(a.send, app, receiver.url);
  receiver.answering = heldBack().answering;
  await sendMessage(a.send, app);
  await receiver.arrived(1);
  expect((await moveApp(app, a.url, b.url, {}, "--wait=10ms")).code).toBe(1);
  expect((await a.send("DELETE", `/app/${app}`)).status).toBe(204);
  return { app, id: application.id };
}

test("what has arrived of an application that was deleted at the old server can be deleted", async () => {
  await using servers = await twoServers();
  const { a, b } = servers;
  const { app, id } = await deletedDuringMove(servers);
  const moved = await moveApp(app, a.url, b.url);
  expect({ code: moved.code, stderr: moved.stderr }).toEqual({
    code: 1,
    stderr: `The application ${id} was deleted. If an earlier move of it has not ended, run the command with --abandon.\n`,
  });

  const abandoned = await moveApp(app, a.url, b.url, {}, "--abandon");

  expect(abandoned).toEqual({ code: 0, stderr: "", stdout: `What had arrived of ${app} at ${b.url} was deleted.\n` });
  expect((await b.send("POST", "/app", { name: "another one", uid: app })).status).toBe(201);
});

test("an application that has the uid of one whose move has not ended does not move, and the message names that one", async () => {
  await using servers = await twoServers();
  const { a, b } = servers;
  const { app, id } = await deletedDuringMove(servers);
  expect((await a.send("POST", "/app", { name: "another one", uid: app })).status).toBe(201);
  const { code, stderr } = await moveApp(app, a.url, b.url);
  expect({ code, stderr }).toEqual({
    code: 1,
    stderr: `The server at ${b.url} responded with 409: The application ${id} has the uid of this one, and its move to this server has not ended. End that move, or give it up with --abandon.\n`,
  });
  expect((await moveApp(id, a.url, b.url, {}, "--abandon")).code).toBe(0);
  expect((await moveApp(app, a.url, b.url)).code).toBe(0);
});

test("an application that has departed is not deleted where it is", async () => {
  await using servers = await twoServers();
  const { a, b } = servers;
  const app = await makeApplication(a.send);
  expect((await moveApp(app, a.url, b.url)).code).toBe(0);

  const { code, stderr } = await moveApp(app, a.url, b.url, {}, "--abandon");

  expect({ code, stderr }).toEqual({
    code: 1,
    stderr: `The application has departed for ${b.url}, which has its only copy. Run the command without --abandon.\n`,
  });
  expect((await b.send("GET", `/app/${app}`)).status).toBe(200);
});

/** Moves an application to `b` and begins a move back that does not end. Returns what ends its delivery. */
async function beginMoveBack({ a, b, receiver }: TwoServers, app: string): Promise<ReturnType<typeof heldBack>> {
  await makeEndpoint(a.send, app, receiver.url);
  expect((await moveApp(app, a.url, b.url)).code).toBe(0);
  const answer = heldBack();
  receiver.answering = answer.answering;
  await sendMessage(b.send, app);
  await receiver.arrived(1);
  expect((await moveApp(app, b.url, a.url, {}, "--wait=10ms")).code).toBe(1);
  return answer;
}

test("if a move back is given up, requests with the id, the uid and the token still learn the new place", async () => {
  await using servers = await twoServers();
  const { a, b, receiver } = servers;
  const app = await makeApplication(a.send);
  const { json: application } = await a.send("GET", `/app/${app}`);
  const { json: access } = await a.send("POST", `/auth/app-portal-access/${app}`, {});
  const token = access.token as string;
  const answer = await beginMoveBack(servers, app);
  const statuses = async () => [
    (await a.send("GET", `/app/${application.id}`)).status,
    (await a.send("GET", `/app/${app}`)).status,
    (await a.send("GET", `/app/${app}/endpoint`, undefined, { token })).status,
  ];
  expect(await statuses()).toEqual([503, 503, 503]);

  expect((await moveApp(app, b.url, a.url, {}, "--abandon")).code).toBe(0);

  expect(await statuses()).toEqual([421, 421, 421]);
  answer.give(ok);
  await receiver.arrived(1);
  expect((await moveApp(app, b.url, a.url)).code).toBe(0);
  expect(await statuses()).toEqual([200, 200, 200]);
  expect((await b.send("GET", `/app/${app}/endpoint`, undefined, { token })).status).toBe(421);
});

test("an application that is arriving does not move on, and the message says that the earlier move has not ended", async () => {
  await using servers = await twoServers();
  const { a, b, receiver } = servers;
  const app = await makeApplication(a.send);
  const answer = await beginMoveBack(servers, app);
  expect((await a.send("GET", `/app/${app}/move`)).json.state).toBe("arriving");

  const onward = await moveApp(app, a.url, b.url);
  const abandoned = await moveApp(app, a.url, b.url, {}, "--abandon");

  expect([onward, abandoned].map(({ code, stderr }) => ({ code, stderr }))).toEqual([
    {
      code: 1,
      stderr: `The application is arriving at ${a.url}: an earlier move to that server has not ended. End that move, or give it up with --abandon.\n`,
    },
    {
      code: 1,
      stderr:
        "The server responded with 409: The application is arriving here. First end or give up its move to this server.\n",
    },
  ]);
  answer.give(ok);
  await receiver.arrived(1);
  expect((await moveApp(app, b.url, a.url)).code).toBe(0);
  expect((await a.send("GET", `/app/${app}/move`)).json.state).toBe("served");
});

async function deadLettersOf({ url }: Installation): Promise<string | undefined> {
  return /^boathook_dead_letters (\d+)$/m.exec(await (await fetch(`${url}/metrics`)).text())?.[1];
}

test("dead letters are counted once, at the server that has the application, also when it has come back", async () => {
  await using servers = await twoServers(["--retry-schedule=10ms"]);
  const { a, b, receiver } = servers;
  receiver.answering = withStatus(400);
  const app = await makeApplication(a.send);
  await makeEndpoint(a.send, app, receiver.url);
  await sendMessages(a.send, app, 5);
  const untilCounted = (atA: string, atB: string) =>
    until(
      async () => [await deadLettersOf(a), await deadLettersOf(b)],
      (found) => found[0] === atA && found[1] === atB,
    );
  await untilCounted("5", "0");
  expect((await moveApp(app, a.url, b.url)).code).toBe(0);
  await untilCounted("0", "5");
  expect((await moveApp(app, b.url, a.url)).code).toBe(0);
  await untilCounted("5", "0");
  await a.kill();
  await a.start();
  await untilCounted("5", "0");
  const { json } = await a.send("GET", `/app/${app}/dead-letter?limit=100`);
  expect(json.data).toHaveLength(5);
});
