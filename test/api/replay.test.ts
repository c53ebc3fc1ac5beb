import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Svix } from "svix";
import { Svix as Svix1 } from "svix1";
import { type Answer, clientOf, freshUid, makeApplication, type Send } from "../support/client.ts";
import { makeEndpoint, sendMessage, sendMessages, until } from "../support/delivery.ts";
import { firstTime, ok, type Receiver, startReceiver, withStatus } from "../support/receiver.ts";
import { ROOT_TOKEN, startServer, type TestServer } from "../support/server.ts";

/**
 * Tests recover, replay-missing and bulk-replay, which are background tasks that send earlier
 * messages again.
 */

let server: TestServer;
let send: Send;
beforeAll(async () => {
  // A failed delivery becomes a dead letter after one attempt.
  server = await startServer(["--retry-schedule="]);
  send = clientOf(server.url);
});
afterAll(() => server.stop());

const DAY_MS = 86_400_000;
const ago = (ms: number) => new Date(Date.now() - ms).toISOString();
const anHourAgo = () => ago(3_600_000);

type Verb = "recover" | "replay-missing" | "bulk-replay";
const VERBS: readonly Verb[] = ["recover", "replay-missing", "bulk-replay"];

function ask(verb: Verb, app: string, endpoint: string, body: unknown, token?: string): Promise<Answer> {
  return send("POST", `/app/${app}/endpoint/${endpoint}/${verb}`, body, token === undefined ? {} : { token });
}

/** Starts a replay and waits for its task to end. */
async function replayed(verb: Verb, app: string, endpoint: string, body: object = { since: anHourAgo() }) {
  const { status, text, json } = await ask(verb, app, endpoint, body);
  if (status !== 202) throw new Error(`${verb} was refused: ${status} ${text}`);
  return ended(json.id);
}

function ended(id: string) {
  return until(
    async () => (await send("GET", `/background-task/${id}`)).json,
    ({ status }) => status !== "running",
  );
}

async function setup(receiver: Receiver, fields: object = {}) {
  const app = await makeApplication(send);
  return { app, endpoint: await makeEndpoint(send, app, receiver.url, fields) };
}

const deadLetters = async (app: string) => (await send("GET", `/app/${app}/dead-letter?limit=250`)).json.data;
const dead = (app: string, count: number) =>
  until(
    () => deadLetters(app),
    ({ length }) => length === count,
  );

describe("recover", () => {
  test("recover sends failed messages again and skips delivered ones", async () => {
    await using receiver = startReceiver(withStatus(500));
    const { app, endpoint } = await setup(receiver);
    const failed = await sendMessages(send, app, 3);
    await dead(app, 3);
    receiver.answering = ok;
    const arrived = await sendMessage(send, app);
    await receiver.arrived(4);

    const { status, json } = await ask("recover", app, endpoint, { since: anHourAgo() });
    expect(status).toBe(202);
    expect(json).toEqual({
      id: expect.stringMatching(/^qtask_[A-Za-z0-9]{27}$/),
      status: "running",
      task: "endpoint.recover",
      updatedAt: expect.stringMatching(/Z$/),
    });
    const task = await ended(json.id);
    expect(task).toMatchObject({ status: "finished", task: "endpoint.recover", data: { messagesSent: 3 } });
    await receiver.arrived(7);
    expect(
      receiver.received
        .slice(4)
        .map(({ id }) => id)
        .sort(),
    ).toEqual(failed.toSorted());
    expect(receiver.received.filter(({ id }) => id === arrived)).toHaveLength(1);
    await dead(app, 0);
  });

  test("recover does not wait for the next retry of a pending message", async () => {
    await using receiver = startReceiver(withStatus(500));
    for (const ordering of ["parallel", "fifo"]) {
      receiver.answering = withStatus(500);
      const { app, endpoint } = await setup(receiver, { retrySchedule: ["10h"], ordering });
      const message = await sendMessage(send, app);
      const ofThis = ({ id }: { id: string }) => id === message;
      await until(
        async () => (await send("GET", `/app/${app}/attempt/msg/${message}`)).json.data,
        ({ length }) => length === 1,
      );
      receiver.answering = ok;
      expect((await replayed("recover", app, endpoint)).data).toEqual({ messagesSent: 1 });
      expect(await receiver.arrived(2, ofThis)).toHaveLength(2);
    }
  });

  test("recover sends only messages in its time window", async () => {
    await using receiver = startReceiver(withStatus(500));
    const { app, endpoint } = await setup(receiver);
    const early = await sendMessage(send, app);
    const sentAt = Date.now();
    await until(
      async () => Date.now(),
      (now) => now > sentAt,
    );
    const late = await sendMessage(send, app);
    const letters = await dead(app, 2);
    const { json } = await send("GET", `/app/${app}/msg/${late}`);
    const since = anHourAgo();
    expect((await replayed("recover", app, endpoint, { since, until: json.timestamp })).data).toEqual({
      messagesSent: 1,
    });
    await receiver.arrived(3);
    expect(receiver.received[2]?.id).toBe(early);
    await dead(app, letters.length);
    expect((await replayed("recover", app, endpoint, { since: json.timestamp })).data).toEqual({ messagesSent: 1 });
    await receiver.arrived(4);
    expect(receiver.received[3]?.id).toBe(late);
  });

  test("recover sends each message only once, even if it fails again", async () => {
    await using receiver = startReceiver(withStatus(500));
    const { app, endpoint } = await setup(receiver);
    await sendMessages(send, app, 600);
    await until(
      async () => receiver.received.length,
      (count) => count === 600,
    );
    await until(
      async () => (await send("GET", `/dead-letter/summary?app_id=${app}`)).json.total,
      (total) => total === 600,
    );
    expect((await replayed("recover", app, endpoint)).data).toEqual({ messagesSent: 600 });
    await until(
      async () => (await send("GET", `/dead-letter/summary?app_id=${app}`)).json.total,
      (total) => total === 600,
    );
    expect(receiver.received).toHaveLength(1200);
  });

  test("recover accepts a window of up to fourteen days whose end is after its start", async () => {
    await using receiver = startReceiver();
    const { app, endpoint } = await setup(receiver);
    const recover = async (since: string, end?: string | null) =>
      (await ask("recover", app, endpoint, { since, until: end })).status;
    expect(await recover(ago(14 * DAY_MS))).toBe(202);
    expect(await recover(ago(14 * DAY_MS + 10 * 60_000))).toBe(422);
    expect(await recover(ago(30 * DAY_MS), ago(17 * DAY_MS))).toBe(202);
    expect(await recover(ago(30 * DAY_MS), null)).toBe(422);
    expect(await recover(ago(DAY_MS), ago(2 * DAY_MS))).toBe(422);
  });

  test("recovered messages are counted correctly in the overview", async () => {
    await using receiver = startReceiver(withStatus(500));
    const { app, endpoint } = await setup(receiver, { retrySchedule: ["10h"] });
    const paused = { paused: true };
    await sendMessages(send, app, 3);
    await receiver.arrived(3);
    const numbers = async () => {
      const { pending, dead: letters } = (await send("GET", "/overview")).json;
      return [pending, letters];
    };
    const [pending, letters] = await numbers();
    await send("PATCH", `/app/${app}/endpoint/${endpoint}`, paused);
    await replayed("recover", app, endpoint);
    expect(await numbers()).toEqual([pending, letters]);
    await send("DELETE", `/app/${app}/endpoint/${endpoint}`);
    await until(numbers, ([now]) => now === pending - 3);
  });
});

describe("replay-missing", () => {
  test("replay-missing sends matching messages from before the endpoint was created", async () => {
    await using receiver = startReceiver();
    const app = await makeApplication(send);
    const [wanted, other, elsewhere] = [
      await sendMessage(send, app, { eventType: "order.paid", channels: ["eu"] }),
      await sendMessage(send, app, { eventType: "order.sent", channels: ["eu"] }),
      await sendMessage(send, app, { eventType: "order.paid" }),
    ];
    await send("POST", "/event-type", { name: "order.paid", description: "" });
    const endpoint = await makeEndpoint(send, app, receiver.url, { eventTypes: ["order.paid"], channels: ["eu"] });
    const after = await sendMessage(send, app, { eventType: "order.paid", channels: ["eu"] });
    await receiver.arrived(1);
    const task = await replayed("replay-missing", app, endpoint);
    expect(task).toMatchObject({ status: "finished", task: "endpoint.replay", data: { messagesSent: 1 } });
    await receiver.arrived(2);
    expect(receiver.received.map(({ id }) => id)).toEqual([after, wanted]);
    for (const message of [other, elsewhere]) {
      expect((await send("GET", `/app/${app}/msg/${message}/endpoint`)).json.data).toEqual([]);
    }
    expect((await replayed("replay-missing", app, endpoint)).data).toEqual({ messagesSent: 0 });
  });

  test("replay-missing sends messages that came while the endpoint was disabled", async () => {
    await using receiver = startReceiver();
    const { app, endpoint } = await setup(receiver, { disabled: true });
    const missed = await sendMessage(send, app);
    await send("PATCH", `/app/${app}/endpoint/${endpoint}`, { disabled: false });
    expect((await replayed("replay-missing", app, endpoint)).data).toEqual({ messagesSent: 1 });
    const [request] = await receiver.arrived(1);
    expect(request?.id).toBe(missed);
  });

  test("replay-missing sends messages that were pending when the endpoint was disabled", async () => {
    await using receiver = startReceiver();
    const { app, endpoint } = await setup(receiver, { paused: true });
    const waiting = await sendMessage(send, app);
    await send("PATCH", `/app/${app}/endpoint/${endpoint}`, { disabled: true, paused: false });
    await dead(app, 1);
    await send("PATCH", `/app/${app}/endpoint/${endpoint}`, { disabled: false });
    expect((await replayed("replay-missing", app, endpoint)).data).toEqual({ messagesSent: 1 });
    const [request] = await receiver.arrived(1);
    expect(request?.id).toBe(waiting);
    await dead(app, 0);
  });

  test("replay-missing skips expunged messages", async () => {
    await using receiver = startReceiver();
    const app = await makeApplication(send);
    const gone = await sendMessage(send, app);
    await send("DELETE", `/app/${app}/msg/${gone}/content`);
    const endpoint = await makeEndpoint(send, app, receiver.url);
    expect((await replayed("replay-missing", app, endpoint)).data).toEqual({ messagesSent: 0 });
  });
});

describe("bulk-replay", () => {
  test("bulk-replay sends delivered and failed messages again and can be filtered", async () => {
    await using receiver = startReceiver(({ body }) => new Response(null, { status: JSON.parse(`${body}`).status }));
    const { app, endpoint } = await setup(receiver);
    const one = (status: number, fields: object = {}) => sendMessage(send, app, { payload: { status }, ...fields });
    const good = await one(200, { eventType: "order.paid", tags: ["vip"] });
    const marked = await one(200, { eventType: "order.sent", channels: ["eu"] });
    const bad = await one(404, { eventType: "order.paid" });
    await receiver.arrived(3);
    await dead(app, 1);
    await until(
      async () => (await send("GET", `/app/${app}/attempt/endpoint/${endpoint}`)).json.data,
      ({ length }) => length === 3,
    );
    const narrowed: [object, string[]][] = [
      [{}, [good, marked, bad]],
      [{ eventTypes: ["order.paid"] }, [good, bad]],
      [{ eventTypes: null, channel: "eu" }, [marked]],
      [{ tag: "vip" }, [good]],
      [{ status: 0 }, [good, marked]],
      [{ status: 2 }, [bad]],
      [{ status: 1 }, []],
      [{ status: 3 }, []],
      [{ status: 4 }, []],
      [{ statusCodeClass: 200 }, [good, marked]],
      [{ statusCodeClass: 400 }, [bad]],
      [{ statusCodeClass: 0 }, []],
      [{ status: 0, eventTypes: ["order.paid"], channel: null, tag: null, statusCodeClass: 200 }, [good]],
    ];
    for (const [filter, wanted] of narrowed) {
      const before = receiver.received.length;
      const task = await replayed("bulk-replay", app, endpoint, { since: anHourAgo(), ...filter });
      expect([filter, task.data]).toEqual([filter, { messagesSent: wanted.length }]);
      expect(task.task).toBe("endpoint.bulk-replay");
      await receiver.arrived(before + wanted.length);
      // The next replay would skip deliveries that are still pending.
      await until(
        async () => (await send("GET", `/app/${app}/attempt/endpoint/${endpoint}?limit=250`)).json.data,
        ({ length }) => length === before + wanted.length,
      );
      expect(
        receiver.received
          .slice(before)
          .map(({ id }) => id)
          .sort(),
      ).toEqual(wanted.toSorted());
    }
  });
});

describe("every kind of replay", () => {
  test("a replay returns 422 if it is invalid and 404 if the endpoint or application is unknown", async () => {
    await using receiver = startReceiver();
    const { app, endpoint } = await setup(receiver);
    const since = anHourAgo();
    const bad: unknown[] = [
      {},
      { since: null },
      { since: "" },
      { since: "yesterday" },
      { since: 17 },
      { since: "2026-02-30T00:00:00Z" },
      { since, until: "later" },
      { since, until: 17 },
      { since, until: ago(2 * 3_600_000) },
      [],
      null,
      "{not json",
      "",
    ];
    for (const verb of VERBS) {
      for (const body of bad)
        expect([verb, body, (await ask(verb, app, endpoint, body)).status]).toEqual([verb, body, 422]);
      expect((await ask(verb, app, "nope", { since })).status).toBe(404);
      expect((await ask(verb, "nope", endpoint, { since })).status).toBe(404);
      expect((await ask(verb, app, endpoint, { since, until: null })).status).toBe(202);
      expect((await ask(verb, app, endpoint, { since, until: null, whatever: 1 })).status).toBe(422);
      expect((await ask(verb, app, endpoint, { since: "2099-01-01T00:00:00Z" })).status).toBe(202);
    }
    const badFilters = [
      { eventTypes: "a" },
      { eventTypes: [] },
      { eventTypes: ["a b"] },
      { eventTypes: Array.from({ length: 251 }, (_, i) => `t${i}`) },
      { channel: "" },
      { channel: "a b" },
      { channel: 1 },
      { tag: "" },
      { tag: "a b" },
      { tag: "x".repeat(129) },
      { status: 5 },
      { status: "0" },
      { status: 1.5 },
      { statusCodeClass: 404 },
      { statusCodeClass: "200" },
    ];
    for (const filter of badFilters) {
      const { status, json } = await ask("bulk-replay", app, endpoint, { since, ...filter });
      expect([filter, status]).toEqual([filter, 422]);
      expect(json.detail[0].loc.slice(0, 2)).toEqual(["body", Object.keys(filter)[0]]);
    }
  });

  test("a replay to a disabled endpoint returns 400", async () => {
    await using receiver = startReceiver();
    const { app, endpoint } = await setup(receiver, { disabled: true });
    for (const verb of VERBS) {
      const { status, json } = await ask(verb, app, endpoint, { since: anHourAgo() });
      expect([status, json.code]).toEqual([400, "endpoint_disabled"]);
    }
  });

  test("a token of the same application can start a replay, and a token of another application cannot", async () => {
    await using receiver = startReceiver();
    const { app, endpoint } = await setup(receiver);
    const other = await makeApplication(send);
    const own = await server.createToken("--app", app);
    const foreign = await server.createToken("--app", other);
    const elsewhere = await server.createToken("--environment", freshUid("environment"));
    const since = anHourAgo();
    for (const verb of VERBS) {
      const statusWith = async (token: string) => (await ask(verb, app, endpoint, { since }, token)).status;
      expect(await statusWith(own)).toBe(202);
      expect(await statusWith(foreign)).toBe(404);
      expect(await statusWith(elsewhere)).toBe(404);
      expect((await ask(verb, other, endpoint, { since })).status).toBe(404);
    }
  });

  test("concurrent replays with one idempotency key start one task", async () => {
    await using receiver = startReceiver(withStatus(500));
    const { app, endpoint } = await setup(receiver);
    await sendMessage(send, app);
    await dead(app, 1);
    const headers = { "idempotency-key": freshUid("key") };
    const path = `/app/${app}/endpoint/${endpoint}/recover`;
    const answers = await Promise.all([1, 2, 3].map(() => send("POST", path, { since: anHourAgo() }, { headers })));
    expect(new Set(answers.map(({ json }) => json.id)).size).toBe(1);
    await receiver.arrived(2);
  });

  test("concurrent replays send each message once", async () => {
    await using receiver = startReceiver(withStatus(500));
    const { app, endpoint } = await setup(receiver);
    await sendMessages(send, app, 20);
    await dead(app, 20);
    receiver.answering = ok;
    const tasks = await Promise.all([1, 2, 3].map(() => replayed("recover", app, endpoint)));
    const sum = tasks.reduce((total, { data }) => total + data.messagesSent, 0);
    expect(sum).toBe(20);
    await receiver.arrived(40);
    await dead(app, 0);
    expect(receiver.received).toHaveLength(40);
  });
});

describe("replays across a crash", () => {
  const COUNT = 5000;

  /**
   * Creates an endpoint that accepts messages now but has missed all earlier ones, in a way that
   * this kind of replay repairs.
   */
  async function miss(verb: "recover" | "replay-missing", ask: Send, url: string) {
    await using failing = startReceiver(withStatus(500));
    const app = await makeApplication(ask);
    const endpoint = await makeEndpoint(ask, app, failing.url, { disabled: verb === "replay-missing" });
    const messages = await sendMessages(ask, app, COUNT);
    await until(
      async () => (await ask("GET", `/dead-letter/summary?app_id=${app}`)).json.total,
      (total) => total === (verb === "recover" ? COUNT : 0),
    );
    await ask("PATCH", `/app/${app}/endpoint/${endpoint}`, { url, disabled: false });
    return { path: `/app/${app}/endpoint/${endpoint}/${verb}`, messages };
  }

  test.each(["recover", "replay-missing"] as const)(
    "a %s task continues after a crash and sends and counts every message",
    async (verb) => {
      const own = await startServer(["--retry-schedule="]);
      const ask = clientOf(own.url);
      await using receiver = startReceiver();
      try {
        const { path, messages } = await miss(verb, ask, receiver.url);
        const { json } = await ask("POST", path, { since: anHourAgo() });
        const task = async () => (await ask("GET", `/background-task/${json.id}`)).json;
        expect(await until(task, ({ data }) => data.messagesSent > 0)).toMatchObject({ status: "running" });
        await own.restart();
        expect(await until(task, ({ status }) => status !== "running")).toMatchObject({
          status: "finished",
          data: { messagesSent: COUNT },
        });
        const arrived = await receiver.arrived(COUNT, firstTime());
        expect(arrived.map(({ id }) => id).sort()).toEqual(messages.toSorted());
      } finally {
        await own.stop();
      }
    },
    60_000,
  );
});

const clients = [
  ["2.x", () => new Svix(ROOT_TOKEN, { serverUrl: server.url })],
  ["1.x", () => new Svix1(ROOT_TOKEN, { serverUrl: server.url }) as unknown as Svix],
] as const;

for (const [version, makeClient] of clients) {
  test(`the Svix client ${version} can start replays and follow their tasks`, async () => {
    await using receiver = startReceiver(withStatus(500));
    const { app, endpoint } = await setup(receiver);
    await sendMessage(send, app);
    await dead(app, 1);
    const svix = makeClient();
    const since = new Date(Date.now() - 60_000);
    const started = [
      await svix.endpoint.recover(app, endpoint, { since }),
      await svix.endpoint.replayMissing(app, endpoint, { since, until: new Date() }),
      await svix.endpoint.bulkReplay(app, endpoint, { since, status: 2, statusCodeClass: 500, eventTypes: ["a"] }),
    ];
    expect(started.map(({ task }) => String(task))).toEqual([
      "endpoint.recover",
      "endpoint.replay",
      "endpoint.bulk-replay",
    ]);
    for (const { id, updatedAt } of started) {
      expect(updatedAt).toBeInstanceOf(Date);
      const task = await until(
        () => svix.backgroundTask.get(id),
        ({ status }) => String(status) === "finished",
      );
      expect(task.data.messagesSent).toBeGreaterThanOrEqual(0);
    }
    const { data } = await svix.backgroundTask.list({ limit: 3 });
    expect(data.map(({ id }) => id)).toEqual(started.map(({ id }) => id).toReversed());
  });
}

describe("dry run", () => {
  test("a dry run counts the messages that a replay would send, and starts nothing", async () => {
    await using receiver = startReceiver(withStatus(500));
    const { app, endpoint } = await setup(receiver);
    await sendMessages(send, app, 3);
    await dead(app, 3);
    const late = await makeEndpoint(send, app, receiver.url, { eventTypes: null });
    const body = { since: anHourAgo(), dryRun: true };
    const counts = async (of: string) => {
      const answers = await Promise.all(VERBS.map((verb) => ask(verb, app, of, body)));
      return answers.map(({ status, json }) => [status, json]);
    };
    const counted = (count: number) => [200, { count, more: false }];
    expect(await counts(endpoint)).toEqual([counted(3), counted(0), counted(3)]);
    expect(await counts(late)).toEqual([counted(0), counted(3), counted(0)]);
    const filtered = await ask("bulk-replay", app, endpoint, { ...body, status: 0 });
    expect(filtered.json).toEqual({ count: 0, more: false });
    expect((await send("GET", "/background-task?limit=250")).json.data).toEqual(
      expect.not.arrayContaining([expect.objectContaining({ status: "running" })]),
    );
    expect(await deadLetters(app)).toHaveLength(3);
  });

  test("a dry run is refused as the replay would be", async () => {
    await using receiver = startReceiver(ok);
    const { app, endpoint } = await setup(receiver, { disabled: true });
    for (const verb of VERBS) {
      expect((await ask(verb, app, endpoint, { since: anHourAgo(), dryRun: true })).status).toBe(400);
      expect((await ask(verb, app, endpoint, { since: "soon", dryRun: true })).status).toBe(422);
      expect((await ask(verb, app, endpoint, { since: anHourAgo(), dryRun: "yes" })).status).toBe(422);
    }
    const long = { since: ago(20 * DAY_MS), dryRun: true };
    expect((await ask("recover", app, endpoint, long)).status).toBe(422);
  });

  test("a dry run counts the messages of more than one step", async () => {
    await using receiver = startReceiver(ok);
    const { app } = await setup(receiver);
    await sendMessages(send, app, 1_010);
    const late = await makeEndpoint(send, app, receiver.url);
    const { json } = await ask("replay-missing", app, late, { since: anHourAgo(), dryRun: true });
    expect(json).toEqual({ count: 1_010, more: false });
  });
});
