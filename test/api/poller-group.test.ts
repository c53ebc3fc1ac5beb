import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { clientOf, freshUid, makeApplication, type Send } from "../support/client.ts";
import { sendMessage, sendMessages } from "../support/delivery.ts";
import { startServer, type TestServer } from "../support/server.ts";

/** Tests groups of workers that share the messages of an application. */

let server: TestServer;
let send: Send;
beforeAll(async () => {
  server = await startServer();
  send = clientOf(server.url);
});
afterAll(() => server.stop());

interface Leased {
  readonly id: string;
  readonly leaseId: string;
}

const pathOf = (app: string, group = "workers") => `/app/${app}/poller/main/group/${group}`;
const idsOf = (leased: readonly Leased[]) => leased.map(({ id }) => id);
const leaseIdsOf = (leased: readonly Leased[]) => ({ leaseIds: leased.map(({ leaseId }) => leaseId) });

async function lease(app: string, body: object = {}, group?: string): Promise<Leased[]> {
  const { status, text, json } = await send("POST", `${pathOf(app, group)}/lease`, body);
  if (status !== 200) throw new Error(`No lease: ${status} ${text}`);
  return json.data;
}

const ack = (app: string, leased: readonly Leased[]) => send("POST", `${pathOf(app)}/ack`, leaseIdsOf(leased));
const nack = (app: string, leased: readonly Leased[]) => send("POST", `${pathOf(app)}/nack`, leaseIdsOf(leased));

/** Creates an application whose group exists, so that it gets all messages from now on. */
async function makeGroup(): Promise<string> {
  const app = await makeApplication(send);
  expect(await lease(app)).toEqual([]);
  return app;
}

describe("a group of pollers", () => {
  test("a group gets the messages that are accepted after its first call, with their payloads byte for byte", async () => {
    const app = await makeApplication(send);
    await sendMessages(send, app, 2);
    expect(await lease(app)).toEqual([]);
    await send("POST", `/app/${app}/msg`, '{"eventType":"a","payload":{ "n":1.0}}');
    const { text, json } = await send("POST", `${pathOf(app)}/lease`);
    expect(text).toContain('"payload":{ "n":1.0}');
    const [{ leaseId, ...message }] = json.data;
    expect(message).toEqual((await send("GET", `/app/${app}/msg/${message.id}`)).json);
    expect(leaseId).toMatch(/^lease_\w{27}_1$/);
  });

  test("a group begins after the message in its first call", async () => {
    const app = await makeApplication(send);
    const sent = await sendMessages(send, app, 4);
    expect(idsOf(await lease(app, { after: sent[1], limit: 1 }))).toEqual([sent[2]!]);
    expect(idsOf(await lease(app, { after: sent[0] }))).toEqual([sent[3]!]);
  });

  test("workers get different messages, and acknowledged ones do not come again", async () => {
    const app = await makeGroup();
    const sent = await sendMessages(send, app, 3);
    const [first, second] = [await lease(app, { limit: 2, leaseMs: 1000 }), await lease(app)];
    expect([...idsOf(first), ...idsOf(second)]).toEqual(sent);
    expect((await ack(app, first)).status).toBe(204);
    expect((await ack(app, first)).status).toBe(204);
    expect((await nack(app, second)).status).toBe(204);
    const again = await lease(app);
    expect(idsOf(again)).toEqual([sent[2]!]);
    const refused = await ack(app, second);
    expect([refused.status, refused.json.code]).toEqual([409, "lease_expired"]);
    expect(refused.json.detail).toContain(second[0]!.leaseId);
    expect((await ack(app, again)).status).toBe(204);
  });

  test("an expired lease is handed out again, and its acknowledgement is a 409", async () => {
    const app = await makeGroup();
    const message = await sendMessage(send, app);
    const [first] = await lease(app, { leaseMs: 1000 });
    let second: Leased | undefined;
    while (second === undefined) [second] = await lease(app);
    expect([first!.id, second.id]).toEqual([message, message]);
    expect(second.leaseId).not.toBe(first!.leaseId);
    expect((await ack(app, [first!])).status).toBe(409);
    expect((await ack(app, [second])).status).toBe(204);
  });

  test("leases and acknowledgements outlast a server that is killed", async () => {
    const app = await makeGroup();
    const sent = await sendMessages(send, app, 4);
    const [first, second] = [await lease(app, { limit: 1 }), await lease(app, { limit: 1 })];
    expect((await ack(app, first)).status).toBe(204);
    await server.restart();
    expect(idsOf(await lease(app))).toEqual(sent.slice(2));
    expect((await ack(app, second)).status).toBe(204);
    expect(await lease(app)).toEqual([]);
  });

  test("several workers share a stream of messages without a gap, although some of them fail", async () => {
    const app = await makeGroup();
    let isSending = true;
    const sent: string[] = [];
    const sending = (async () => {
      while (sent.length < 300) sent.push(...(await sendMessages(send, app, 10)));
      isSending = false;
    })();
    const done: string[] = [];
    const work = async (worker: number) => {
      for (let round = 0; isSending || new Set(done).size < sent.length; round++) {
        const leased = await lease(app, { limit: 7, leaseMs: 1000 });
        const fails = (round + worker) % 4;
        if (leased.length === 0 || fails === 0) continue;
        if (fails === 1) await nack(app, leased);
        else if ((await ack(app, leased)).status === 204) done.push(...idsOf(leased));
      }
    };
    await Promise.all([sending, ...Array.from({ length: 5 }, (_, worker) => work(worker))]);
    expect(done.toSorted()).toEqual(sent.toSorted());
  });

  test("messages are shared within a group, and groups are independent", async () => {
    const app = await makeApplication(send);
    const sent = await sendMessages(send, app, 3);
    await send("POST", `${pathOf(app, "a")}/lease`, { after: sent[0] });
    expect(idsOf(await lease(app, { after: sent[0] }, "b"))).toEqual(sent.slice(1));
  });

  test("an expunged message is leased with an expired payload", async () => {
    const app = await makeGroup();
    const message = await sendMessage(send, app);
    await send("DELETE", `/app/${app}/msg/${message}/content`);
    expect(await lease(app)).toMatchObject([{ id: message, payload: { expired: true } }]);
  });

  test("the messages of one lease call have at most 4 MiB of payloads", async () => {
    const app = await makeGroup();
    for (let i = 0; i < 6; i++) await sendMessage(send, app, { payload: { text: "x".repeat(900_000) } });
    expect(await lease(app, { limit: 250 })).toHaveLength(4);
    expect(await lease(app, { limit: 250 })).toHaveLength(2);
  });
});

describe("invalid calls of a group", () => {
  test.each([
    [{ limit: 0 }],
    [{ limit: 251 }],
    [{ limit: "x" }],
    [{ leaseMs: 999 }],
    [{ leaseMs: 43_200_001 }],
    [{ after: "msg_x" }],
    [{ after: 1 }],
    [[]],
  ])("a lease with %j is a 422", async (body) => {
    const app = await makeApplication(send);
    expect((await send("POST", `${pathOf(app)}/lease`, body)).status).toBe(422);
  });

  test.each([
    [{}],
    [{ leaseIds: [] }],
    [{ leaseIds: ["x"] }],
    [{ leaseIds: ["lease_0KfxFXFUH4hEMq0Y8gpRxcT2bSr_1"] }],
    [{ leaseIds: Array(1001).fill("lease_x_1") }],
  ])("an acknowledgement with %j is a 422", async (body) => {
    const app = await makeApplication(send);
    for (const what of ["ack", "nack"]) {
      expect((await send("POST", `${pathOf(app)}/${what}`, body)).status).toBe(422);
    }
  });

  test("a group gets 422 for a name with other characters, and 404 for an unknown application", async () => {
    const app = await makeApplication(send);
    expect((await send("POST", `/app/${app}/poller/a%20b/group/g/lease`)).status).toBe(422);
    expect((await send("POST", `/app/${app}/poller/a/group/g%2Fh/lease`)).status).toBe(422);
    expect((await send("POST", `${pathOf(freshUid("app"))}/lease`)).status).toBe(404);
  });

  test("a group gets 404 with the token of another application, and 403 without the scope to read", async () => {
    const [app, other] = [await makeApplication(send), await makeApplication(send)];
    const { token } = (await send("POST", `/auth/app-portal-access/${other}`, {})).json;
    expect((await send("POST", `${pathOf(app)}/lease`, {}, { token })).status).toBe(404);
    const path = "/management/authentication/default/api-token";
    const writer = (await send("POST", path, { name: "w", scopes: ["message:Write"] })).json.token;
    const reader = (await send("POST", path, { name: "r", scopes: ["message:Read"] })).json.token;
    for (const one of [writer, reader]) {
      expect((await send("POST", `${pathOf(app)}/lease`, {}, { token: one })).status).toBe(403);
    }
  });
});
