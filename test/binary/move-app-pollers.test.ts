import { expect, test } from "bun:test";
import { makeApplication, type Send } from "../support/client.ts";
import { sendMessages } from "../support/delivery.ts";
import { moveApp, twoServers } from "../support/move.ts";

const idsOf = (json: { data: { id: string }[] }): string[] => json.data.map(({ id }) => id);

test("consumers continue at the new server with the iterators that they have", async () => {
  await using servers = await twoServers();
  const { a, b } = servers;
  const app = await makeApplication(a.send);
  await sendMessages(b.send, await makeApplication(b.send), 30);
  const sent = await sendMessages(a.send, app, 30);
  const poll = async (send: Send, consumer: string, query: string) => {
    const { status, json } = await send("GET", `/app/${app}/poller/sink/consumer/${consumer}?${query}`);
    expect(status, JSON.stringify(json)).toBe(200);
    return json;
  };
  const first = await poll(a.send, "slow", "limit=10");
  const second = await poll(a.send, "slow", `limit=10&iterator=${first.iterator}`);
  const all = await poll(a.send, "fast", "limit=250");
  const none = await poll(a.send, "fast", `iterator=${all.iterator}`);
  expect(none.data).toEqual([]);

  expect((await moveApp(app, a.url, b.url)).stderr).toBe("");

  expect(idsOf(await poll(b.send, "slow", "limit=10"))).toEqual(idsOf(second));
  expect(idsOf(await poll(b.send, "slow", `iterator=${first.iterator}`))).toEqual(sent.slice(10));
  expect(idsOf(await poll(b.send, "slow", `iterator=${second.iterator}`))).toEqual(sent.slice(20));
  const later = await sendMessages(b.send, app, 5);
  expect(idsOf(await poll(b.send, "fast", `iterator=${none.iterator}`))).toEqual(later);
  expect(idsOf(await poll(b.send, "fast", ""))).toEqual(later);
});

test("workers of a group keep their leases, and get at the new server what nobody has acknowledged", async () => {
  await using servers = await twoServers();
  const { a, b } = servers;
  const app = await makeApplication(a.send);
  await sendMessages(b.send, await makeApplication(b.send), 10);
  const [before] = await sendMessages(a.send, app, 1);
  const sent = await sendMessages(a.send, app, 10);
  const call = (send: Send, what: string, body: object) =>
    send("POST", `/app/${app}/poller/sink/group/workers/${what}`, body);
  const leased = async (send: Send, limit: number, leaseMs = 600_000) => {
    const { status, json } = await call(send, "lease", { limit, leaseMs, after: before });
    expect(status, JSON.stringify(json)).toBe(200);
    return json.data as { id: string; leaseId: string }[];
  };
  const held = await leased(a.send, 4);
  const [acknowledged, returned, kept, late] = held.map(({ leaseId }) => leaseId);
  expect((await call(a.send, "ack", { leaseIds: [acknowledged] })).status).toBe(204);
  expect((await call(a.send, "nack", { leaseIds: [returned] })).status).toBe(204);

  const { stderr } = await moveApp(app, a.url, b.url, {}, "--with-history");

  expect(stderr).toBe("");
  expect((await call(b.send, "ack", { leaseIds: [kept] })).status).toBe(204);
  expect((await call(b.send, "nack", { leaseIds: [late] })).status).toBe(204);
  const rest = await leased(b.send, 100);
  expect(rest.map(({ id }) => id).toSorted()).toEqual([sent[1]!, sent[3]!, ...sent.slice(4)].toSorted());
  const old = await call(b.send, "ack", { leaseIds: [late] });
  expect({ status: old.status, code: old.json.code }).toEqual({ status: 409, code: "lease_expired" });
  expect((await call(b.send, "ack", { leaseIds: rest.map(({ leaseId }) => leaseId) })).status).toBe(204);
  expect(await leased(b.send, 100)).toEqual([]);
});
