import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { ApiException, Svix } from "svix";
import { ApiException as ApiException1, Svix as Svix1 } from "svix1";
import { clientOf, makeApplication, type Send } from "../support/client.ts";
import { moveApp, type TwoServers, twoServers } from "../support/move.ts";
import { ROOT_TOKEN } from "../support/server.ts";

/** What the guide says about the clients of the Svix libraries while an application moves. */
const SCHEDULE = [250, 500, 1000, 2000, 4000];
const MESSAGE = { eventType: "order.created", payload: {} };

let servers: TwoServers;
let send: Send;
beforeAll(async () => {
  servers = await twoServers();
  send = clientOf(servers.a.url);
});
afterAll(() => servers[Symbol.asyncDispose]());

/** Refuses the requests for an application, as the end of a move does. Returns a function that ends this. */
async function close(app: string): Promise<() => Promise<unknown>> {
  const path = `/app/${app}/move/hold`;
  const { hold } = (await send("POST", path, {})).json;
  expect((await send("POST", path, { hold, closed: true })).status).toBe(200);
  return () => send("DELETE", `${path}/${hold}`);
}

describe.each([
  ["2.x", Svix, ApiException],
  ["1.x", Svix1 as unknown as typeof Svix, ApiException1],
] as const)("the Svix library for JavaScript %s and an application that moves", (_, Client, Refused) => {
  /** Returns a client that counts its requests. `responded` is called after each. */
  function counting(options: object = {}, responded: (count: number) => Promise<unknown> = async () => {}) {
    let count = 0;
    const counted = async (...args: Parameters<typeof fetch>) => {
      const response = await fetch(...args);
      await responded(++count);
      return response;
    };
    const client = new Client(ROOT_TOKEN, { serverUrl: servers.a.url, fetch: counted as typeof fetch, ...options });
    return { client, count: () => count };
  }

  async function refusal(work: Promise<unknown>) {
    const error = await work.then(
      () => null,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(Refused);
    return error as InstanceType<typeof ApiException>;
  }

  test("by default, the library reports 503 after two repeated requests", async () => {
    const app = await makeApplication(send);
    const open = await close(app);
    const { client, count } = counting();
    const error = await refusal(client.message.create(app, MESSAGE));
    expect(error.code).toBe(503);
    expect(error.headers).toMatchObject({ "retry-after": "1" });
    expect(count()).toBe(3);
    await open();
  });

  test("with a longer schedule, the library repeats the request until the application is served again", async () => {
    const app = await makeApplication(send);
    const open = await close(app);
    const until = (last: number) => async (number: number) => (number === last ? open() : null);
    const { client, count } = counting({ retryScheduleInMs: SCHEDULE }, until(3));
    const { id } = await client.message.create(app, MESSAGE);
    expect(count()).toBe(4);
    const { json } = await send("GET", `/app/${app}/msg`);
    expect(json.data.map((message: { id: string }) => message.id)).toEqual([id]);
  });

  test("after the move, the library reports 421 at once, with the new place, where the same request succeeds", async () => {
    const app = await makeApplication(send);
    expect(await moveApp(app, servers.a.url, servers.b.url)).toMatchObject({ code: 0 });
    const { client, count } = counting({ retryScheduleInMs: SCHEDULE });
    const error = await refusal(client.message.create(app, MESSAGE));
    expect(error.code).toBe(421);
    expect(count()).toBe(1);
    const serverUrl = error.headers["boathook-moved-to"]!;
    expect(serverUrl).toBe(servers.b.url);
    expect(await new Client(ROOT_TOKEN, { serverUrl }).message.create(app, MESSAGE)).toMatchObject(MESSAGE);
  });
});
