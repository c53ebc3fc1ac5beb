import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { makeApplication, type Send } from "../support/client.ts";
import { makeEndpoint, sendMessage } from "../support/delivery.ts";
import { type InstanceGroup, startInstances } from "../support/instances.ts";
import { hasPostgres } from "../support/postgres.ts";
import { type Receiver, startReceiver } from "../support/receiver.ts";
import { soon } from "../support/soon.ts";

setDefaultTimeout(60_000);

describe.skipIf(!hasPostgres)("a change at one of two instances", () => {
  let group: InstanceGroup;
  let receiver: Receiver;
  let one: Send;
  let other: Send;

  beforeAll(async () => {
    receiver = startReceiver();
    group = await startInstances();
    [one, other] = group.instances.map(({ send }) => send) as [Send, Send];
  }, 120_000);

  afterAll(async () => {
    await group?.[Symbol.asyncDispose]();
    await receiver?.[Symbol.asyncDispose]();
  });

  test("a token that is expired at one instance is refused by the other", async () => {
    const path = "/management/authentication/default/api-token";
    const { id, token } = (await one("POST", path, { name: "made" })).json;
    const asked = () => other("GET", "/app", undefined, { token });
    expect((await asked()).status).toBe(200);
    expect((await one("POST", `${path}/${id}/expire`, {})).status).toBe(204);
    await soon(asked, ({ status }) => status === 401);
  });

  test("messages that the other instance accepts go to the new URL of an endpoint", async () => {
    const app = await makeApplication(one);
    const endpoint = await makeEndpoint(one, app, `${receiver.url}/before`);
    // Both instances know the endpoint.
    for (const send of [one, other]) {
      const id = await sendMessage(send, app);
      await receiver.arrived(1, (request) => request.id === id);
    }
    expect((await one("PATCH", `/app/${app}/endpoint/${endpoint}`, { url: `${receiver.url}/after` })).status).toBe(200);
    const paths = async () => {
      const id = await sendMessage(other, app);
      return (await receiver.arrived(1, (request) => request.id === id)).map(({ path }) => path);
    };
    await soon(paths, ([path]) => path === "/after");
  });

  test("an endpoint that is disabled at one instance gets no message from the other", async () => {
    const app = await makeApplication(one);
    const endpoint = await makeEndpoint(one, app, `${receiver.url}/disabled`);
    await sendMessage(other, app);
    expect((await one("PATCH", `/app/${app}/endpoint/${endpoint}`, { disabled: true })).status).toBe(200);
    const recipients = async () => {
      const id = await sendMessage(other, app);
      return (await other("GET", `/app/${app}/msg/${id}/endpoint`)).json.data as unknown[];
    };
    await soon(recipients, ({ length }) => length === 0);
  });

  test("deliveries that are held at one instance are held at both until the other resumes them", async () => {
    const app = await makeApplication(one);
    await makeEndpoint(one, app, `${receiver.url}/held`);
    expect((await one("POST", "/delivery/hold")).status).toBe(200);
    const held = async () => (await other("GET", "/health")).json.delivery as string;
    await soon(held, (delivery) => delivery === "held");
    const ids = [await sendMessage(one, app), await sendMessage(other, app)];
    expect((await other("POST", "/delivery/resume")).status).toBe(200);
    const arrived = await receiver.arrived(2, ({ path }) => path === "/held");
    expect(arrived.map(({ id }) => id).toSorted()).toEqual(ids.toSorted());
  });
});
