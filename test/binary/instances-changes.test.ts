import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { freshUid, makeApplication, type Send } from "../support/client.ts";
import { makeEndpoint, sendMessage } from "../support/delivery.ts";
import { EventReader, type SentEvent } from "../support/event-stream.ts";
import { type InstanceGroup, startInstances } from "../support/instances.ts";
import { hasPostgres } from "../support/postgres.ts";
import { type Received, type Receiver, startReceiver } from "../support/receiver.ts";
import { ROOT_TOKEN } from "../support/server.ts";
import { soon } from "../support/soon.ts";

setDefaultTimeout(60_000);

/** How often a change is made. An instance that does not wait may know it in time by chance. */
const ROUNDS = 5;
const SOURCES = "/ingest/api/v1/source";

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

  /** Makes a change at the first instance. */
  async function change(method: string, path: string, body?: unknown): Promise<void> {
    const { status, text } = await one(method, path, body);
    if (status >= 300) throw new Error(`The change failed: ${status} ${text}`);
  }

  /** Sends a message to the other instance and returns the request with it. */
  async function delivered(app: string, fields: object = {}): Promise<Received> {
    const id = await sendMessage(other, app, fields);
    return (await receiver.arrived(1, (request) => request.id === id))[0]!;
  }

  /** Sends a message to the other instance and returns how many endpoints it is for. */
  async function recipients(app: string, fields: object = {}): Promise<number> {
    const id = await sendMessage(other, app, fields);
    return (await other("GET", `/app/${app}/msg/${id}/endpoint`)).json.data.length;
  }

  /** An application with an endpoint, both of which the other instance has in its memory. */
  async function knownEndpoint(): Promise<{ readonly app: string; readonly path: string }> {
    const app = await makeApplication(one);
    const id = await makeEndpoint(one, app, `${receiver.url}/${app}`);
    await delivered(app);
    return { app, path: `/app/${app}/endpoint/${id}` };
  }

  test("a token that is expired at one instance is refused by the other at once", async () => {
    const path = "/management/authentication/default/api-token";
    for (let round = 0; round < ROUNDS; round++) {
      const { id, token } = (await one("POST", path, { name: "made" })).json;
      const asked = () => other("GET", "/app", undefined, { token });
      expect((await asked()).status).toBe(200);
      await change("POST", `${path}/${id}/expire`, {});
      expect((await asked()).status).toBe(401);
    }
  });

  test("a message that the other instance accepts after an endpoint was created is sent to it", async () => {
    const app = await makeApplication(one);
    for (let round = 0; round < ROUNDS; round++) {
      expect(await recipients(app)).toBe(round);
      await makeEndpoint(one, app, `${receiver.url}/new`);
      expect(await recipients(app)).toBe(round + 1);
    }
  });

  test("messages that the other instance accepts after a change of the URL are sent to the new one", async () => {
    const { app, path } = await knownEndpoint();
    for (let round = 0; round < ROUNDS; round++) {
      await change("PATCH", path, { url: `${receiver.url}/after-${round}` });
      expect((await delivered(app)).path).toBe(`/after-${round}`);
    }
  });

  test("messages that the other instance accepts after the secret was replaced are signed with the new one", async () => {
    const { app, path } = await knownEndpoint();
    for (let round = 0; round < ROUNDS; round++) {
      const key = Buffer.alloc(24, round).toString("base64");
      await change("POST", `${path}/secret/rotate`, { key: `whsec_${key}`, gracePeriodSeconds: 0 });
      const { id, headers, body } = await delivered(app);
      const signed = `${id}.${headers.get("webhook-timestamp")}.${body}`;
      const signature = new Bun.CryptoHasher("sha256", Buffer.from(key, "base64")).update(signed).digest("base64");
      expect(headers.get("webhook-signature")).toBe(`v1,${signature}`);
    }
  });

  test("messages that the other instance accepts after a change of the transformation are sent with the new one", async () => {
    const { app, path } = await knownEndpoint();
    for (let round = 0; round < ROUNDS; round++) {
      const code = `function handler(webhook) { webhook.payload = { round: ${round} }; return webhook; }`;
      await change("PATCH", `${path}/transformation`, { code, enabled: true });
      expect(JSON.parse((await delivered(app)).body.toString())).toEqual({ round });
    }
  });

  test("a filter that is set at one instance applies to messages that the other accepts", async () => {
    const { app, path } = await knownEndpoint();
    for (let round = 0; round < ROUNDS; round++) {
      await change("PATCH", path, { filter: { payload: { n: round } } });
      expect(await recipients(app, { payload: { n: round } })).toBe(1);
      expect(await recipients(app, { payload: { n: -1 } })).toBe(0);
    }
  });

  test("an endpoint that is disabled, enabled or deleted at one instance is so for messages that the other accepts", async () => {
    const { app, path } = await knownEndpoint();
    for (let round = 0; round < ROUNDS; round++) {
      await change("PATCH", path, { disabled: true });
      expect(await recipients(app)).toBe(0);
      await change("PATCH", path, { disabled: false });
      expect(await recipients(app)).toBe(1);
    }
    await change("DELETE", path);
    expect(await recipients(app)).toBe(0);
  });

  test("the other instance accepts no message for an application that was deleted", async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const { app } = await knownEndpoint();
      await change("DELETE", `/app/${app}`);
      expect((await other("POST", `/app/${app}/msg`, { eventType: "a", payload: {} })).status).toBe(404);
    }
  });

  test("the other instance checks payloads with the schema that an event type was just given", async () => {
    const app = await makeApplication(one);
    for (let round = 0; round < ROUNDS; round++) {
      const name = freshUid("checked");
      await sendMessage(other, app, { eventType: name });
      const schemas = { 1: { type: "object", required: ["n"] } };
      await change("POST", "/event-type", { name, description: "n", schemas, validation: "reject" });
      expect((await other("POST", `/app/${app}/msg`, { eventType: name, payload: {} })).status).toBe(422);
    }
  });

  test("the other instance receives for a source with the secret that it was just given", async () => {
    const secret = (round: number) => `secret-${round}`;
    const source = (await one("POST", SOURCES, { name: "S", type: "github", config: { secret: secret(-1) } })).json;
    const { pathname } = new URL(source.ingestUrl);
    const receive = async (round: number) => {
      const body = JSON.stringify({ round });
      const signature = new Bun.CryptoHasher("sha256", secret(round)).update(body).digest("hex");
      const headers = { "x-hub-signature-256": `sha256=${signature}`, "x-github-event": "push" };
      return (await fetch(group.instances[1]!.url + pathname, { method: "POST", headers, body })).status;
    };
    expect(await receive(-1)).toBe(200);
    for (let round = 0; round < ROUNDS; round++) {
      await change("PATCH", `${SOURCES}/${source.id}`, { config: { secret: secret(round) } });
      expect(await receive(round)).toBe(200);
      expect(await receive(round - 1)).toBe(401);
    }
  });

  test("the live view of one instance shows what the other one accepts and delivers", async () => {
    const { app } = await knownEndpoint();
    const url = `${group.instances[0]!.url}/api/v1/live?differences=true`;
    await using live = await EventReader.open(url, { authorization: `Bearer ${ROOT_TOKEN}` });
    await live.until(() => live.events.length > 0);
    const { id } = await delivered(app);
    const shows = ({ event, data }: SentEvent) => event === "change" && data.includes(id);
    await live.until(() => live.events.some(shows));
    expect(JSON.parse(live.events.find(shows)!.data).changed.topics).toEqual(
      expect.arrayContaining(["messages", "deliveries"]),
    );
  });

  test("an instance that was suspended while an endpoint was created sends its next message to it", async () => {
    const app = await makeApplication(one);
    const { pid } = group.instances[1]!.process;
    for (let round = 0; round < ROUNDS; round++) {
      expect(await recipients(app)).toBe(round);
      process.kill(pid, "SIGSTOP");
      try {
        await makeEndpoint(one, app, `${receiver.url}/suspended`);
      } finally {
        process.kill(pid, "SIGCONT");
      }
      expect(await recipients(app)).toBe(round + 1);
    }
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
