import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { clientOf, freshUid, makeApplication, type Send } from "../support/client.ts";
import { attemptsOf, makeEndpoint, sendMessage, until } from "../support/delivery.ts";
import { type Receiver, startReceiver } from "../support/receiver.ts";
import { startServer, type TestServer } from "../support/server.ts";

let server: TestServer;
let send: Send;
let receiver: Receiver;
beforeAll(async () => {
  server = await startServer();
  send = clientOf(server.url);
  receiver = startReceiver();
});
afterAll(async () => {
  await server.stop();
  await receiver[Symbol.asyncDispose]();
});

const metric = async (name: string) => {
  const text = await (await fetch(`${server.url}/metrics`)).text();
  return text.match(new RegExp(`^${name} (.*)$`, "m"))?.[1];
};
const health = async () => (await fetch(`${server.url}/api/v1/health`)).json() as Promise<{ delivery: string }>;

/** Waits until the server has delivered a message to this endpoint in another environment. */
async function roundTrip(into: Send): Promise<void> {
  const app = await makeApplication(into);
  await makeEndpoint(into, app, `${receiver.url}/round-trip`);
  await attemptsOf(into, app, await sendMessage(into, app));
}

/** Returns a client for a new environment, with its token. */
async function newEnvironment(): Promise<Send> {
  const name = freshUid("environment");
  const token = await server.createToken(`--environment=${name}`);
  return (method, path, body, options) => send(method, path, body, { token, ...options });
}

describe("holding all deliveries", () => {
  test("a message that is accepted while deliveries are held is sent after they are resumed, even across a restart", async () => {
    const app = await makeApplication(send);
    await makeEndpoint(send, app, `${receiver.url}/held`);
    expect([(await health()).delivery, await metric("boathook_delivery_held")]).toEqual(["running", "0"]);
    const held = await send("POST", "/delivery/hold");
    expect([held.status, held.json]).toEqual([200, { delivery: "held" }]);
    expect((await send("POST", "/delivery/hold")).status).toBe(200);
    expect([(await health()).delivery, await metric("boathook_delivery_held")]).toEqual(["held", "1"]);
    const message = await sendMessage(send, app);
    await server.restart();
    expect([(await health()).delivery, await metric("boathook_delivery_held")]).toEqual(["held", "1"]);
    expect((await send("GET", `/app/${app}/msg/${message}/endpoint`)).json.data[0]).toMatchObject({
      statusText: "pending",
    });
    expect(receiver.received).toEqual([]);
    const resumed = await send("POST", "/delivery/resume");
    expect([resumed.status, resumed.json]).toEqual([200, { delivery: "running" }]);
    const [arrived] = await receiver.arrived(1, ({ path }) => path === "/held");
    expect(arrived!.id).toBe(message);
    expect((await health()).delivery).toBe("running");
  });

  test("only the root token may hold and resume deliveries", async () => {
    const environment = await server.createToken();
    const app = await makeApplication(send);
    const application = await server.createToken(`--app=${app}`);
    for (const path of ["/delivery/hold", "/delivery/resume"]) {
      for (const token of [environment, application]) {
        const { status, json } = await send("POST", path, undefined, { token });
        expect([status, json.code]).toEqual([403, "insufficient_access"]);
      }
      expect((await send("POST", path, undefined, { token: null })).status).toBe(401);
      expect((await send("GET", path)).status).toBe(405);
    }
    expect((await health()).delivery).toBe("running");
  });
});

describe("pausing an environment", () => {
  test("a paused environment accepts messages and sends nothing, while other environments are served", async () => {
    const [one, other] = [await newEnvironment(), await newEnvironment()];
    const app = await makeApplication(one);
    await makeEndpoint(one, app, `${receiver.url}/paused`);
    expect((await one("GET", "/environment")).json).toMatchObject({ pausedAt: null });
    const { status, json } = await one("POST", "/environment/pause");
    expect([status, json]).toEqual([
      200,
      {
        id: expect.stringMatching(/^org_/),
        name: expect.any(String),
        type: "production",
        region: "self-hosted",
        pausedAt: expect.stringMatching(/^20\d\d-.*Z$/),
        createdAt: expect.any(String),
        updatedAt: json.pausedAt,
      },
    ]);
    expect((await one("POST", "/environment/pause")).json).toEqual(json);
    expect((await one("GET", "/environment")).json).toEqual(json);
    expect((await send("GET", `/management/environment/${json.id}`)).json).toEqual(json);
    expect((await other("GET", "/environment")).json).toMatchObject({ pausedAt: null });
    expect(await metric("boathook_environments_paused")).toBe("1");

    const message = await sendMessage(one, app);
    await roundTrip(other);
    await server.restart();
    await roundTrip(other);
    expect((await one("GET", "/environment")).json).toEqual(json);
    expect(receiver.received.filter(({ path }) => path === "/paused")).toEqual([]);

    const resumed = await one("POST", "/environment/resume");
    expect([resumed.status, resumed.json.pausedAt]).toEqual([200, null]);
    const [arrived] = await receiver.arrived(1, ({ path }) => path === "/paused");
    expect(arrived!.id).toBe(message);
    expect((await one("GET", "/environment")).json).toEqual(resumed.json);
    expect(await metric("boathook_environments_paused")).toBe("0");
  });

  test("endpoints keep their own `paused` while their environment is paused and after it", async () => {
    const into = await newEnvironment();
    const app = await makeApplication(into);
    const states = [true, false];
    const endpoints = await Promise.all(
      states.map((paused) => makeEndpoint(into, app, `${receiver.url}/kept-${paused}`, { paused })),
    );
    const shown = () =>
      Promise.all(endpoints.map(async (id) => (await into("GET", `/app/${app}/endpoint/${id}`)).json.paused));
    await into("POST", "/environment/pause");
    expect(await shown()).toEqual(states);
    const message = await sendMessage(into, app);
    await into("POST", "/environment/resume");
    expect(await shown()).toEqual(states);
    await receiver.arrived(1, ({ path }) => path === "/kept-false");
    const { data } = await until(
      async () => (await into("GET", `/app/${app}/msg/${message}/endpoint`)).json,
      (page) => page.data.some(({ statusText }: { statusText: string }) => statusText === "success"),
    );
    expect(data).toHaveLength(2);
    expect(receiver.received.filter(({ path }) => path === "/kept-true")).toEqual([]);
  });

  test("a token of an application may neither read nor pause its environment", async () => {
    const into = await newEnvironment();
    const app = await makeApplication(into);
    const id = (await into("GET", "/environment")).json.name;
    const token = await server.createToken(`--environment=${id}`, `--app=${app}`);
    for (const [method, path] of [
      ["GET", "/environment"],
      ["POST", "/environment/pause"],
      ["POST", "/environment/resume"],
    ] as const) {
      const { status, json } = await into(method, path, undefined, { token });
      expect([status, json.code]).toEqual([403, "insufficient_access"]);
    }
    expect((await into("GET", "/environment")).json.pausedAt).toBeNull();
  });

  test("the root token pauses the environment that the header selects, and an unknown one is 404", async () => {
    const into = await newEnvironment();
    const { name } = (await into("GET", "/environment")).json;
    const headers = { "boathook-environment": name };
    expect((await send("POST", "/environment/pause", undefined, { headers })).json).toMatchObject({ name });
    expect((await into("GET", "/environment")).json.pausedAt).not.toBeNull();
    expect((await send("GET", "/environment")).json).toMatchObject({ name: "default", pausedAt: null });
    expect((await send("POST", "/environment/resume", undefined, { headers })).json.pausedAt).toBeNull();
    const unknown = { headers: { "boathook-environment": "nobody" } };
    expect((await send("POST", "/environment/pause", undefined, unknown)).status).toBe(404);
  });
});
