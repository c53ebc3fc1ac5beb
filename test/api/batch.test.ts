import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Webhook } from "standardwebhooks";
import { clientOf, makeApplication, type Send } from "../support/client.ts";
import { attemptsOf, makeEndpoint, sendMessage, sendMessages } from "../support/delivery.ts";
import { type Received, type Receiver, startReceiver, withStatus } from "../support/receiver.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { makeSource } from "../support/source.ts";

let server: TestServer;
let send: Send;
let receiver: Receiver;
beforeAll(async () => {
  server = await startServer(["--retry-schedule=10ms"]);
  send = clientOf(server.url);
  receiver = startReceiver();
});
afterAll(async () => {
  await receiver[Symbol.asyncDispose]();
  await server.stop();
});

interface Element {
  readonly id: string;
  readonly eventType: string;
  readonly timestamp: string;
  readonly payload: unknown;
}

const elementsOf = ({ body }: Received) => JSON.parse(body.toString()) as Element[];
const at = (path: string) => (request: Received) => request.path === path;

/** Creates an application with an endpoint that gets batches at this path. */
async function batchedAt(path: string, batch: object, fields: object = {}) {
  const app = await makeApplication(send);
  const endpoint = await makeEndpoint(send, app, receiver.url + path, { batch, ...fields });
  return { app, endpoint };
}

describe("the field `batch` of an endpoint", () => {
  test("absent limits get their defaults, and PUT, PATCH and null change the field", async () => {
    const { app, endpoint } = await batchedAt("/fields", {});
    const path = `/app/${app}/endpoint/${endpoint}`;
    const shown = async () => (await send("GET", path)).json.batch;
    expect(await shown()).toEqual({ maxMessages: 100, maxWaitMs: 5000 });
    expect((await send("PATCH", path, { batch: { maxWaitMs: 0 } })).json.batch).toEqual({
      maxMessages: 100,
      maxWaitMs: 0,
    });
    expect((await send("PATCH", path, { description: "x" })).json.batch).toEqual({ maxMessages: 100, maxWaitMs: 0 });
    expect((await send("PATCH", path, { batch: null })).json.batch).toBeNull();
    const limits = { maxMessages: 1000, maxWaitMs: 3_600_000 };
    expect((await send("PUT", path, { url: receiver.url, batch: limits })).json.batch).toEqual(limits);
    expect((await send("PUT", path, { url: receiver.url })).json.batch).toBeNull();
    expect(await shown()).toBeNull();
  });

  test.each([
    [{ maxMessages: 0 }, "maxMessages"],
    [{ maxMessages: 1001 }, "maxMessages"],
    [{ maxMessages: 1.5 }, "maxMessages"],
    [{ maxMessages: "many" }, "maxMessages"],
    [{ maxMessages: null }, "maxMessages"],
    [{ maxWaitMs: -1 }, "maxWaitMs"],
    [{ maxWaitMs: 3_600_001 }, "maxWaitMs"],
    [[], null],
    [5, null],
    [true, null],
  ])("limits that are out of bounds are refused with their place (%p)", async (batch, field) => {
    const app = await makeApplication(send);
    const { status, json } = await send("POST", `/app/${app}/endpoint`, { url: receiver.url, batch });
    expect([status, json.detail[0].loc]).toEqual([422, ["body", "batch", ...(field === null ? [] : [field])]]);
  });

  test("operational webhooks have no batches", async () => {
    const body = { url: receiver.url, eventTypes: ["endpoint.disabled"], batch: {} };
    const { json } = await send("POST", "/operational-webhook/endpoint", body);
    expect(json.batch).toBeUndefined();
  });
});

describe("a batch at the receiver", () => {
  test("a batch is one signed array, and its id is that of the attempts", async () => {
    const { app, endpoint } = await batchedAt("/array", { maxMessages: 3, maxWaitMs: 60_000 });
    const secret = (await send("GET", `/app/${app}/endpoint/${endpoint}/secret`)).json.key;
    const ids = [
      await sendMessage(send, app, { eventType: "a.b", payload: { n: 1 }, headers: { "x-own": "y" } }),
      ...(await sendMessages(send, app, 2)),
    ];
    const [request] = await receiver.arrived(1, at("/array"));
    expect(request!.id).toMatch(/^batch_[0-9A-Za-z]{27}$/);
    expect(request!.headers.get("content-type")).toBe("application/json");
    expect(request!.headers.get("x-own")).toBeNull();
    const headers = Object.fromEntries(request!.headers);
    const elements = new Webhook(secret).verify(request!.body.toString(), headers) as Element[];
    expect(elements.map(({ id, eventType, payload }) => [id, eventType, payload])).toEqual([
      [ids[0]!, "a.b", { n: 1 }],
      [ids[1]!, "a", { n: 0 }],
      [ids[2]!, "a", { n: 1 }],
    ]);
    const { json: message } = await send("GET", `/app/${app}/msg/${ids[0]}`);
    expect(elements[0]!.timestamp).toBe(message.timestamp);
    for (const id of ids) {
      const attempts = await attemptsOf(send, app, id);
      expect(attempts).toMatchObject([{ statusText: "success", batchId: request!.id }]);
    }
  });

  test("the attempts of an endpoint can be listed by batch", async () => {
    const { app, endpoint } = await batchedAt("/listed", { maxMessages: 2, maxWaitMs: 60_000 });
    const ids = await sendMessages(send, app, 4);
    for (const id of ids) await attemptsOf(send, app, id);
    const [request] = await receiver.arrived(2, at("/listed"));
    const path = `/app/${app}/attempt/endpoint/${endpoint}`;
    const listed = async (batch: string) =>
      (await send("GET", `${path}?batch_id=${batch}`)).json.data.map(({ msgId }: { msgId: string }) => msgId);
    expect(await listed(request!.id)).toEqual(
      elementsOf(request!)
        .map(({ id }) => id)
        .toReversed(),
    );
    expect(await listed("batch_0KfxFXFUH4hEMq0Y8gpRxcT2bSr")).toEqual([]);
    expect(await listed(ids[0]!)).toEqual([]);
  });

  test("a single message is an array too, and payloads keep their bytes", async () => {
    const { app } = await batchedAt("/one", { maxMessages: 1, maxWaitMs: 60_000 });
    const payload = '{"n":12345678901234567890, "rate":1.50}';
    await send("POST", `/app/${app}/msg`, `{"eventType":"a","payload":${payload}}`);
    const [request] = await receiver.arrived(1, at("/one"));
    expect(request!.body.toString()).toEndWith(`"payload":${payload}}]`);
  });

  test("a batch that fails is retried with its id, and its members share the result", async () => {
    const { app } = await batchedAt("/fails", { maxMessages: 2, maxWaitMs: 60_000 });
    receiver.answering = ({ path }) => new Response(null, { status: path === "/fails" ? 500 : 204 });
    const ids = await sendMessages(send, app, 2);
    const [first, second] = await receiver.arrived(2, at("/fails"));
    receiver.answering = withStatus(204);
    expect([second!.id, second!.body.toString()]).toEqual([first!.id, first!.body.toString()]);
    for (const id of ids) {
      const attempts = await attemptsOf(send, app, id, 2);
      expect(attempts).toMatchObject(Array(2).fill({ statusText: "fail", batchId: first!.id }));
    }
  });

  test("an endpoint of a source gets received bodies in batches, other texts as strings", async () => {
    const source = await makeSource(send, `${receiver.url}/source`, {
      fields: { type: "generic-webhook", config: {} },
      endpoint: { batch: { maxMessages: 2, maxWaitMs: 60_000 } },
    });
    for (const body of ['{"a":1}', "plain <text>"]) {
      const { status } = await fetch(source.url, { method: "POST", body, headers: { "x-sender": "1" } });
      expect(status).toBeLessThan(300);
    }
    const [request] = await receiver.arrived(1, at("/source"));
    expect(elementsOf(request!).map(({ payload }) => payload)).toEqual([{ a: 1 }, "plain <text>"]);
    expect(request!.headers.get("content-type")).toBe("application/json");
    expect(request!.headers.get("x-sender")).toBeNull();
  });

  test("a transformation changes each payload of a batch, and a failing one takes only its message out", async () => {
    const { app, endpoint } = await batchedAt("/code", { maxMessages: 3, maxWaitMs: 60_000 });
    const code =
      "function handler(w) { if (w.payload.n === 1) throw new Error('no'); w.payload.seen = true; w.method = 'PUT'; return w; }";
    const path = `/app/${app}/endpoint/${endpoint}/transformation`;
    expect((await send("PATCH", path, { code, enabled: true })).status).toBeLessThan(300);
    const ids = await sendMessages(send, app, 3);
    const [request] = await receiver.arrived(1, at("/code"));
    expect(elementsOf(request!).map(({ payload }) => payload)).toEqual([
      { n: 0, seen: true },
      { n: 2, seen: true },
    ]);
    const [failed] = await attemptsOf(send, app, ids[1]!);
    expect(failed).toMatchObject({ reason: "transformation", batchId: null });
  });
});
