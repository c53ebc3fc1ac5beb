import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { clientOf, freshUid, makeApplication, type Send } from "../support/client.ts";
import { sendMessage, sendMessages } from "../support/delivery.ts";
import { EventReader, RawStreams } from "../support/event-stream.ts";
import { ROOT_TOKEN, startServer, type TestServer } from "../support/server.ts";

/** Tests the stream of an application's messages. */

let server: TestServer;
let send: Send;
beforeAll(async () => {
  server = await startServer();
  send = clientOf(server.url);
});
afterAll(() => server.stop());

function stream(app: string, query = "", headers: Readonly<Record<string, string>> = {}, token = ROOT_TOKEN) {
  const url = `${server.url}/api/v1/app/${app}/events${query}`;
  return EventReader.open(url, { authorization: `Bearer ${token}`, ...headers });
}

/** Sends a message whose position is known to be before all later ones. Returns its id. */
async function firstMessage(app: string): Promise<string> {
  return sendMessage(send, app);
}

describe("the stream of an application's messages", () => {
  test("a stream without a cursor has the messages that are accepted after it began, in order", async () => {
    const app = await makeApplication(send);
    await sendMessages(send, app, 3);
    await using reader = await stream(app);
    const sent = await sendMessages(send, app, 5);
    await reader.until(() => reader.events.length >= 5);
    expect(reader.ids).toEqual(sent);
    expect(reader.response.headers.get("content-type")).toBe("text/event-stream");
    const message = (await send("GET", `/app/${app}/msg/${sent[0]}`)).json;
    expect(reader.events[0]).toEqual({ id: sent[0]!, event: "message", data: expect.any(String) });
    expect(JSON.parse(reader.events[0]!.data)).toEqual(message);
  });

  test("a stream continues after the id in `after`, and `Last-Event-ID` takes precedence", async () => {
    const app = await makeApplication(send);
    const sent = await sendMessages(send, app, 6);
    await using after = await stream(app, `?after=${sent[1]}`);
    await after.until(() => after.events.length >= 4);
    expect(after.ids).toEqual(sent.slice(2));
    await using resumed = await stream(app, `?after=${sent[1]}`, { "last-event-id": sent[3]! });
    await resumed.until(() => resumed.events.length >= 2);
    expect(resumed.ids).toEqual(sent.slice(4));
    await using empty = await stream(app, `?after=${sent[4]}`, { "last-event-id": "" });
    await empty.until(() => empty.events.length >= 1);
    expect(empty.ids).toEqual(sent.slice(5));
  });

  test("a stream can be filtered by event type and channel", async () => {
    const app = await makeApplication(send);
    const start = await firstMessage(app);
    await using typed = await stream(app, `?after=${start}&event_types=a&event_types=b`);
    await using inChannel = await stream(app, `?after=${start}&channel=eu`);
    const a = await sendMessage(send, app, { eventType: "a" });
    await sendMessage(send, app, { eventType: "c" });
    const b = await sendMessage(send, app, { eventType: "b", channels: ["eu"] });
    const c = await sendMessage(send, app, { eventType: "c", channels: ["eu"] });
    await Promise.all([
      typed.until(() => typed.events.length >= 2),
      inChannel.until(() => inChannel.events.length >= 2),
    ]);
    expect(typed.ids).toEqual([a, b]);
    expect(inChannel.ids).toEqual([b, c]);
  });

  test("a message with line breaks is in one line, with its numbers unchanged", async () => {
    const app = await makeApplication(send);
    const start = await firstMessage(app);
    await send("POST", `/app/${app}/msg`, '{"eventType":"a","payload":{\n  "n": 1.0,\r\n  "s": "x\\ny"\n}}');
    await using reader = await stream(app, `?after=${start}`);
    await reader.until(() => reader.events.length >= 1);
    expect(reader.events[0]!.data).toContain('"n": 1.0,');
    expect(JSON.parse(reader.events[0]!.data).payload).toEqual({ n: 1, s: "x\ny" });
  });

  test("a backlog that is larger than a page arrives completely, and so do large payloads", async () => {
    const app = await makeApplication(send);
    const start = await firstMessage(app);
    const many = await sendMessages(send, app, 230);
    const big = await sendMessage(send, app, { payload: { text: "x".repeat(900_000) } });
    const last = await sendMessage(send, app);
    await using reader = await stream(app, `?after=${start}`);
    await reader.until(() => reader.events.length >= 232);
    expect(reader.ids).toEqual([...many, big, last]);
  });

  test("while messages are accepted concurrently, clients that reconnect get each message once and in order", async () => {
    const app = await makeApplication(send);
    const start = await firstMessage(app);
    let isSending = true;
    const sent: string[] = [];
    const writers = Array.from({ length: 8 }, async () => {
      while (sent.length < 400) sent.push(await sendMessage(send, app));
    });
    const writing = Promise.all(writers).then(() => {
      isSending = false;
    });
    const follow = async (batch: number) => {
      const got: string[] = [];
      while (isSending || got.length < sent.length) {
        await using reader = await stream(app, "", { "last-event-id": got.at(-1) ?? start });
        const wanted = () => (isSending ? batch : Math.min(batch, sent.length - got.length));
        await reader.until(() => reader.events.length >= wanted());
        got.push(...reader.ids);
      }
      return got;
    };
    const followed = await Promise.all([1, 7, 33, 400].map(follow));
    await writing;
    const listed = (await send("GET", `/app/${app}/poller/all?iterator=${start}&limit=250`)).json;
    const more = (await send("GET", `/app/${app}/poller/all?iterator=${listed.iterator}&limit=250`)).json;
    const order = [...listed.data, ...more.data].map(({ id }) => id);
    expect(order.toSorted()).toEqual(sent.toSorted());
    for (const got of followed) expect(got).toEqual(order);
  });

  test("a stream ends with the event `end` when its token ends", async () => {
    const app = await makeApplication(send);
    const { token } = (await send("POST", `/auth/app-portal-access/${app}`, {})).json;
    await using reader = await stream(app, "", {}, token);
    const message = await sendMessage(send, app);
    await reader.until(() => reader.events.length >= 1);
    await send("POST", "/auth/logout", undefined, { token });
    await reader.until(() => reader.hasEnded);
    expect(reader.events.map(({ event }) => event)).toEqual(["message", "end"]);
    expect(reader.events[0]!.id).toBe(message);
  });

  test("a stream gets 404 with the token of another application, and 401 without a token", async () => {
    const [app, other] = [await makeApplication(send), await makeApplication(send)];
    const { token } = (await send("POST", `/auth/app-portal-access/${other}`, {})).json;
    expect((await send("GET", `/app/${app}/events`, undefined, { token })).status).toBe(404);
    expect((await send("GET", `/app/${app}/events`, undefined, { token: null })).status).toBe(401);
    expect((await send("GET", `/app/${freshUid("app")}/events`)).status).toBe(404);
  });

  test.each(["msg_", "x", "app_0KfxFXFUH4hEMq0Y8gpRxcT2bSr", "msg_0KfxFXFUH4hEMq0Y8gpRxcT2bSr"])(
    "a stream with the cursor %j gets 422",
    async (cursor) => {
      const app = await makeApplication(send);
      expect((await send("GET", `/app/${app}/events?after=${cursor}`)).status).toBe(422);
      const headers = { "last-event-id": cursor };
      expect((await send("GET", `/app/${app}/events`, undefined, { headers })).status).toBe(422);
    },
  );
});

describe("many streams", () => {
  test("a thousand clients get each message once, and the next client gets 429", async () => {
    const app = await makeApplication(send);
    await using clients = await RawStreams.open(server.url, app, 1000);
    expect((await send("GET", `/app/${app}/events`)).json).toMatchObject({ code: "too_many_listeners" });
    const sent = [...(await sendMessages(send, app, 5)), await sendMessage(send, app)];
    await clients.until((ids) => ids.length >= sent.length);
    for (const ids of clients.ids) expect(ids).toEqual(sent);
    const other = await makeApplication(send);
    await using further = await stream(other);
    const message = await sendMessage(send, other);
    await further.until(() => further.events.length >= 1);
    expect(further.ids).toEqual([message]);
  });
});

test("when the server stops, it ends the streams", async () => {
  const own = await startServer();
  const sendOwn = clientOf(own.url);
  const app = await makeApplication(sendOwn);
  await using reader = await EventReader.open(`${own.url}/api/v1/app/${app}/events`, {
    authorization: `Bearer ${ROOT_TOKEN}`,
  });
  await reader.until(() => reader.comments.length >= 1);
  const stopped = own.stop();
  await reader.until(() => reader.hasEnded);
  await stopped;
  expect(reader.events).toEqual([]);
});
