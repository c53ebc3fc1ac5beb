import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Svix } from "svix";
import { Svix as Svix1 } from "svix1";
import { clientOf, freshUid, makeApplication, type Send } from "../support/client.ts";
import { attemptsOf, makeEndpoint } from "../support/delivery.ts";
import { ROOT_TOKEN, startServer, type TestServer } from "../support/server.ts";

let server: TestServer;
let send: Send;
let app: string;
beforeAll(async () => {
  server = await startServer();
  send = clientOf(server.url);
  app = await makeApplication(send);
});
afterAll(() => server.stop());

/** Creates an endpoint whose URL is an inbox. Gives access to the requests that arrived there. */
async function inbox(fields: object = {}, application = app) {
  const token = freshUid("inbox");
  const id = await makeEndpoint(send, application, `${server.url}/inbox/${token}`, fields);
  return { id, received: async () => (await send("GET", `/inbox/${token}`)).json.data as { body: string }[] };
}

async function makeType(schemas: object | null): Promise<string> {
  const name = freshUid("type");
  expect((await send("POST", "/event-type", { name, description: "", schemas })).status).toBe(201);
  return name;
}

const example = (endpoint: string, body: unknown, options = {}) =>
  send("POST", `/app/${app}/endpoint/${endpoint}/send-example`, body, options);

describe("sending an example", () => {
  test("svix.ping is sent only to the given endpoint, even if the endpoint does not subscribe to it", async () => {
    const other = await inbox();
    const wanted = await makeType(null);
    const { id, received } = await inbox({ eventTypes: [wanted], channels: ["c"] });
    const { status, json } = await example(id, { eventType: "svix.ping" });
    expect([status, json.eventType, json.payload]).toEqual([200, "svix.ping", { success: true }]);
    await attemptsOf(send, app, json.id);
    expect((await received()).map(({ body }) => JSON.parse(body))).toEqual([{ success: true }]);
    expect(await other.received()).toEqual([]);
    expect((await send("GET", `/app/${app}/msg/${json.id}`)).json).toEqual(json);
  });

  test("an example is selected by index from the latest schema of the event type", async () => {
    const examples = [{ n: 1 }, { n: 2 }];
    const name = await makeType({ "1": { examples: [{ old: true }] }, "2": { examples } });
    const { id } = await inbox();
    expect((await example(id, { eventType: name })).json.payload).toEqual({ n: 1 });
    expect((await example(id, { eventType: name, exampleIndex: 1 })).json.payload).toEqual({ n: 2 });
    const { status, json } = await example(id, { eventType: name, exampleIndex: 2 });
    expect([status, json.detail[0].loc]).toEqual([422, ["body", "exampleIndex"]]);
  });

  test("the example index is ignored if the schema has a single example", async () => {
    const name = await makeType({ "1": { example: { one: 1 } } });
    const { id } = await inbox();
    expect((await example(id, { eventType: name, exampleIndex: 7 })).json.payload).toEqual({ one: 1 });
  });

  test("a payload in the request is sent byte for byte instead of an example", async () => {
    const { id, received } = await inbox();
    const body = '{"eventType": "svix.ping", "payload": {"n": 1.0,  "big": 12345678901234567890}}';
    const { status, json } = await example(id, body);
    expect([status, json.eventType]).toEqual([200, "svix.ping"]);
    await attemptsOf(send, app, json.id);
    expect((await received()).map((request) => request.body)).toEqual(['{"n": 1.0,  "big": 12345678901234567890}']);
  });

  test("sending an example of an event type without examples returns 400 invalid_scheme", async () => {
    const { id } = await inbox();
    for (const schemas of [null, {}, { "1": {} }, { "1": { examples: [] } }, { "1": { examples: ["text"] } }]) {
      const { status, json } = await example(id, { eventType: await makeType(schemas) });
      expect([status, json.code]).toEqual([400, "invalid_scheme"]);
    }
  });

  test("a payload can be sent with an event type that does not exist", async () => {
    const { id, received } = await inbox();
    const { status, json } = await example(id, { eventType: "never.made", payload: { own: 1 } });
    expect([status, json.eventType]).toEqual([200, "never.made"]);
    await attemptsOf(send, app, json.id);
    expect((await received()).map(({ body }) => body)).toEqual(['{"own":1}']);
    expect((await send("GET", "/event-type/never.made")).status).toBe(404);
  });

  test("sending an example returns 404 if the event type or endpoint is unknown", async () => {
    const { id } = await inbox();
    expect((await example(id, { eventType: "never.made" })).status).toBe(404);
    expect((await example("no-endpoint", { eventType: "svix.ping" })).status).toBe(404);
    const elsewhere = await inbox({}, await makeApplication(send));
    expect((await example(elsewhere.id, { eventType: "svix.ping" })).status).toBe(404);
  });

  test("sending an example to a disabled endpoint returns 400", async () => {
    const { id } = await inbox({ disabled: true });
    const { status, json } = await example(id, { eventType: "svix.ping" });
    expect([status, json.code]).toEqual([400, "endpoint_disabled"]);
  });

  const wrong: [string, unknown][] = [
    ["no body", undefined],
    ["no event type", {}],
    ["a null event type", { eventType: null }],
    ["an index below 0", { eventType: "svix.ping", exampleIndex: -1 }],
    ["an index that is a string", { eventType: "svix.ping", exampleIndex: "1" }],
    ["an array payload", { eventType: "svix.ping", payload: [1] }],
    ["a string payload", { eventType: "svix.ping", payload: "{}" }],
  ];
  for (const [name, body] of wrong) {
    test(`sending an example with ${name} returns 422`, async () => {
      const { id } = await inbox();
      expect((await example(id, body)).status).toBe(422);
    });
  }

  test("sending an example returns 403 to an application token and 404 in another environment", async () => {
    const { id } = await inbox();
    const body = { eventType: "svix.ping" };
    expect((await example(id, body, { token: await server.createToken("--app", app) })).status).toBe(403);
    const token = await server.createToken("--environment", "elsewhere");
    expect((await example(id, body, { token })).status).toBe(404);
  });

  const clients = [
    ["2.x", () => new Svix(ROOT_TOKEN, { serverUrl: server.url })],
    ["1.x", () => new Svix1(ROOT_TOKEN, { serverUrl: server.url }) as unknown as Svix],
  ] as const;
  for (const [version, makeClient] of clients) {
    test(`the Svix client ${version} can send an example`, async () => {
      const { id } = await inbox();
      const message = await makeClient().endpoint.sendExample(app, id, { eventType: "svix.ping" });
      expect(message.payload).toEqual({ success: true });
    });
  }
});
