import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { urlWith } from "../../src/cli/client/local-server.ts";
import { clientOf, makeApplication, type Send } from "../support/client.ts";
import { sendMessage, sendMessages } from "../support/delivery.ts";
import { type Listening, listenTo } from "../support/listening.ts";
import { heldBack, ok, startReceiver } from "../support/receiver.ts";
import { ROOT_TOKEN, startServer, type TestServer } from "../support/server.ts";

// Servers and commands are processes of their own, which take seconds on a busy machine.
setDefaultTimeout(120_000);

let server: TestServer;
let send: Send;
beforeAll(async () => {
  server = await startServer();
  send = clientOf(server.url);
});
afterAll(() => server.stop());

const skippedOf = (listening: Listening): number =>
  listening.lines().reduce((sum, { type, count }) => sum + (type === "skipped" ? count! : 0), 0);

/** Waits until every one of `count` messages was forwarded or is in the count of skipped ones. */
const accounted = (listening: Listening, count: number) =>
  listening.command.line(() => listening.requests().length + skippedOf(listening) >= count);

/** Ids of forwarded messages, each of which must have been forwarded once. */
function idsOf(listening: Listening): string[] {
  const ids = listening.requests().map(({ messageId }) => messageId!);
  expect(new Set(ids).size).toBe(ids.length);
  return ids;
}

describe("a listener whose connection is lost", () => {
  test("a listener connects again after the server was killed and restarted, and gets what was accepted in between", async () => {
    await using local = startReceiver();
    const app = await makeApplication(send);
    await using listening = await listenTo(server, ["--app", app, "--forward-to", local.url]);
    const before = await sendMessage(send, app);
    await listening.forwarded(1);
    // The listener must not connect before the messages are accepted.
    listening.command.kill("SIGSTOP");
    await server.restart();
    const meanwhile = await sendMessages(send, app, 20);
    listening.command.kill("SIGCONT");
    await listening.line("reconnected");
    const after = await sendMessage(send, app);
    await listening.forwarded(22);
    expect(idsOf(listening).toSorted()).toEqual([before, ...meanwhile, after].toSorted());
    const types = listening.lines().map(({ type }) => type);
    expect(types.filter((type) => type !== "request")).toEqual(["ready", "disconnected", "reconnected"]);
    expect(listening.lines().filter(({ type }) => type === "ready")).toHaveLength(1);
  });

  test("a listener that has got no message yet connects again and misses none", async () => {
    await using local = startReceiver();
    const app = await makeApplication(send);
    await sendMessages(send, app, 3);
    await using listening = await listenTo(server, ["--app", app, "--forward-to", local.url]);
    listening.command.kill("SIGSTOP");
    await server.restart();
    const meanwhile = await sendMessages(send, app, 5);
    listening.command.kill("SIGCONT");
    await listening.forwarded(5);
    expect(idsOf(listening).toSorted()).toEqual(meanwhile.toSorted());
  });

  test("a listener that connects again skips all but the latest 1,000 messages and prints how many it has skipped", async () => {
    await using local = startReceiver();
    const app = await makeApplication(send);
    await using listening = await listenTo(server, ["--app", app, "--forward-to", local.url]);
    listening.command.kill("SIGSTOP");
    await server.restart();
    const sent = await sendMessages(send, app, 1700);
    listening.command.kill("SIGCONT");
    expect(await listening.line("skipped")).toEqual({ type: "skipped", count: 700 });
    await listening.forwarded(1000);
    expect(idsOf(listening).toSorted()).toEqual(sent.slice(700).toSorted());
  });

  test("a listener counts only messages of its event types as skipped", async () => {
    await using local = startReceiver();
    const app = await makeApplication(send);
    const args = ["--app", app, "--forward-to", local.url, "--types", "rare"];
    await using listening = await listenTo(server, args);
    listening.command.kill("SIGSTOP");
    await server.restart();
    const rare = await sendMessage(send, app, { eventType: "rare" });
    await sendMessages(send, app, 1500);
    listening.command.kill("SIGCONT");
    await listening.forwarded(1);
    const next = await sendMessage(send, app, { eventType: "rare" });
    await listening.forwarded(2);
    expect(idsOf(listening)).toEqual([rare, next]);
    expect(skippedOf(listening)).toBe(0);
  });
});

describe("a listener that loses its connection during a replay", () => {
  test("a replay of ids continues with those that have not arrived", async () => {
    const held = heldBack();
    await using local = startReceiver(held.answering);
    const app = await makeApplication(send);
    // The server sends at most 2 MiB before an acknowledgement.
    const payload = { text: "x".repeat(1_200_000) };
    const sent: string[] = [];
    for (let n = 0; n < 4; n++) sent.push(await sendMessage(send, app, { payload }));
    await using listening = await listenTo(server, ["--app", app, "--forward-to", local.url, "--replay", `${sent}`]);
    await local.arrived(2);
    await server.restart();
    local.answering = ok;
    held.give(ok);
    await listening.forwarded(4);
    expect(idsOf(listening).toSorted()).toEqual(sent.toSorted());
  });

  test("a replay since a time skips none of the messages that were stored when it began", async () => {
    const held = heldBack();
    await using local = startReceiver(held.answering);
    const app = await makeApplication(send);
    const sent = await sendMessages(send, app, 1500);
    const args = ["--app", app, "--forward-to", local.url, "--replay", "since:1h"];
    await using listening = await listenTo(server, args);
    await local.arrived(16);
    await server.restart();
    local.answering = ok;
    held.give(ok);
    await accounted(listening, 1500);
    expect(skippedOf(listening)).toBe(0);
    expect(idsOf(listening).toSorted()).toEqual(sent.toSorted());
  });
});

describe("a listener that is slower than the messages", () => {
  test("of 10,000 messages that are sent while the local server hangs, each is forwarded or counted as skipped", async () => {
    const held = heldBack();
    await using local = startReceiver(held.answering);
    const app = await makeApplication(send);
    await using listening = await listenTo(server, ["--app", app, "--forward-to", local.url]);
    const sent = await sendMessages(send, app, 10_000);
    await local.arrived(16);
    expect(local.received).toHaveLength(16);
    local.answering = ok;
    held.give(ok);
    await accounted(listening, 10_000);
    expect(skippedOf(listening)).toBeGreaterThan(0);
    expect(idsOf(listening).length + skippedOf(listening)).toBe(10_000);
    // The latest messages are never among the skipped ones.
    expect(sent.slice(-900).filter((id) => !idsOf(listening).includes(id))).toEqual([]);
    const next = await sendMessage(send, app);
    await listening.line("request", ({ messageId }) => messageId === next);
  });

  test("messages are forwarded in the order in which they were accepted", async () => {
    const open: Array<() => void> = [];
    await using local = startReceiver(async (request) => {
      await new Promise<void>((resolve) => open.push(resolve));
      return ok(request);
    });
    const app = await makeApplication(send);
    await using listening = await listenTo(server, ["--app", app, "--forward-to", local.url]);
    const sent = await sendMessages(send, app, 60);
    // 16 requests are under way at once. Each further one begins when one of them has ended.
    for (let arrived = 16; arrived < sent.length; arrived++) {
      await local.arrived(arrived);
      open.shift()!();
    }
    const ids = (await local.arrived(sent.length)).map(({ id }) => id);
    expect(new Set(ids.slice(0, 16))).toEqual(new Set(sent.slice(0, 16)));
    expect(ids.slice(16)).toEqual(sent.slice(16));
    for (const end of open) end();
    await listening.forwarded(sent.length);
  });
});

test("a message whose payload is no longer stored is printed as an error and not forwarded", async () => {
  await using local = startReceiver();
  const app = await makeApplication(send);
  const id = await sendMessage(send, app);
  expect((await send("DELETE", `/app/${app}/msg/${id}/content`)).status).toBe(204);
  const args = ["--app", app, "--forward-to", local.url, "--replay", id];
  await using listening = await listenTo(server, args);
  expect(await listening.line("request")).toMatchObject({ status: null, error: "The payload is no longer stored." });
  expect(local.received).toEqual([]);
});

/** Connects to the server like a listener. */
function connect(app: string): WebSocket {
  const url = `${server.url.replace("http", "ws")}/api/v1/app/${app}/listen`;
  return new WebSocket(url, { headers: { authorization: `Bearer ${ROOT_TOKEN}` } } as never);
}

/** Resolves with the close code when a connection has ended. */
function closed(socket: WebSocket): Promise<number> {
  return new Promise((resolve) => socket.addEventListener("close", ({ code }) => resolve(code)));
}

/** Resolves with an open connection of a listener, or with null if it is refused. */
function openListener(app: string): Promise<WebSocket | null> {
  const socket = connect(app);
  const { promise, resolve } = Promise.withResolvers<WebSocket | null>();
  socket.addEventListener("open", () => resolve(socket));
  socket.addEventListener("close", () => resolve(null));
  return promise;
}

/** Closes a connection and waits until it has ended. */
async function close(socket: WebSocket): Promise<void> {
  const end = closed(socket);
  socket.close();
  await end;
}

test("an application can have 20 listeners, and the next one gets 429", async () => {
  const app = await makeApplication(send);
  const opened = await Promise.all(Array.from({ length: 20 }, () => openListener(app)));
  expect(opened.filter((socket) => socket === null)).toEqual([]);
  expect(await openListener(app)).toBeNull();
  const refusal = await send("GET", `/app/${app}/listen`);
  expect([refusal.status, refusal.json.code]).toEqual([429, "too_many_listeners"]);
  await Promise.all(opened.map((socket) => close(socket!)));
});

test("closed listeners no longer count as listeners of the application and of the server", async () => {
  // The server has 200 places.
  for (let round = 0; round < 12; round++) {
    const app = await makeApplication(send);
    const opened = await Promise.all(Array.from({ length: 20 }, () => openListener(app)));
    expect({ round, refused: opened.filter((socket) => socket === null).length }).toEqual({ round, refused: 0 });
    await Promise.all(opened.map((socket) => close(socket!)));
  }
});

describe("the protocol of listeners", () => {
  for (const frame of ["", "{", "null", '{"type":"done","count":1}', '{"type":"done","count":-1}', '{"type":"x"}']) {
    test(`the frame ${JSON.stringify(frame)} of a listener without unacknowledged messages closes the connection with 1007`, async () => {
      const socket = connect(await makeApplication(send));
      socket.addEventListener("message", () => socket.send(frame));
      expect(await closed(socket)).toBe(1007);
    });
  }

  test("binary data of a listener closes the connection with 1007, and a huge frame ends it", async () => {
    const app = await makeApplication(send);
    const binary = connect(app);
    binary.addEventListener("message", () => binary.send(new Uint8Array([1])));
    expect(await closed(binary)).toBe(1007);
    const huge = connect(app);
    huge.addEventListener("message", () => huge.send("x".repeat(1024 * 1024)));
    expect([1006, 1009]).toContain(await closed(huge));
  });

  for (const [name, query] of [
    ["an invalid `after`", "?after=msg_nonsense"],
    ["an invalid replay", "?replay=all"],
    ["a replay of too many messages", "?replay=last:1001"],
  ] as const) {
    test(`a listener with ${name} gets 422`, async () => {
      const { status } = await send("GET", `/app/${await makeApplication(send)}/listen${query}`);
      expect(status).toBe(422);
    });
  }

  test("a request to listen without an upgrade gets 426", async () => {
    const { status, json } = await send("GET", `/app/${await makeApplication(send)}/listen`);
    expect([status, json.code]).toEqual([426, "upgrade_required"]);
  });
});

describe("the URL of a request to the local server", () => {
  const cases: ReadonlyArray<readonly [base: string, path: string, url: string | null]> = [
    ["http://localhost:3000", "", "http://localhost:3000/"],
    ["http://localhost:3000", "/a/b?x=1", "http://localhost:3000/a/b?x=1"],
    ["http://localhost:3000/hooks", "?x=1", "http://localhost:3000/hooks?x=1"],
    ["http://localhost:3000/hooks/?k=v", "/a?x=1", "http://localhost:3000/hooks/a?k=v&x=1"],
    ["http://localhost:3000/hooks", "/%2Fa%3F", "http://localhost:3000/hooks/%2Fa%3F"],
    ["http://localhost:3000/hooks", "//other/a", "http://localhost:3000/hooks//other/a"],
    ["http://localhost:3000/hooks", "/../admin", null],
    ["http://localhost:3000/hooks", "/%2e%2E/admin", null],
    ["http://localhost:3000/hooks", "/a/../../hooksx", null],
  ];
  for (const [base, path, expected] of cases) {
    test(`for ${base}, ${path === "" ? "a request without a path" : path} is ${expected === null ? "refused" : `sent to ${expected}`}`, () => {
      expect(urlWith(new URL(base), path)?.href ?? null).toBe(expected);
    });
  }
});
