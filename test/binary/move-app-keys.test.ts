import { expect, test } from "bun:test";
import { makeApplication, type Send } from "../support/client.ts";
import { moveApp, twoServers } from "../support/move.ts";

const message = { eventType: "a", payload: { amount: 1 } };
const batch = { messages: [message, message] };

function keyed(send: Send, path: string, body: unknown, key: string, token?: string) {
  return send("POST", path, body, { headers: { "idempotency-key": key }, ...(token !== undefined && { token }) });
}

test("requests that are repeated with their idempotency keys after a move get their first responses", async () => {
  await using servers = await twoServers();
  const { a, b } = servers;
  const app = await makeApplication(a.send);
  const { json: access } = await a.send("POST", `/auth/app-portal-access/${app}`, {});
  const requests = [
    { path: `/app/${app}/msg`, body: message, key: "single" },
    { path: `/app/${app}/msg/batch`, body: batch, key: "batch" },
    { path: `/app/${app}/endpoint`, body: { url: "https://hooks.example/" }, key: "endpoint" },
    { path: `/app/${app}/endpoint`, body: { url: "https://own.example/" }, key: "own", token: access.token },
  ];
  const first = [];
  for (const { path, body, key, token } of requests) first.push(await keyed(a.send, path, body, key, token));
  expect(first.map(({ status }) => status)).toEqual([202, 202, 201, 201]);

  expect((await moveApp(app, a.url, b.url)).stderr).toBe("");

  for (const [i, { path, body, key, token }] of requests.entries()) {
    const again = await keyed(b.send, path, body, key, token);
    expect({ status: again.status, text: again.text }).toEqual({ status: first[i]!.status, text: first[i]!.text });
    expect(again.headers.get("boathook-idempotency")).toBeNull();
  }
  const other = await keyed(b.send, `/app/${app}/msg`, { ...message, eventType: "b" }, "single");
  expect(other.headers.get("boathook-idempotency")).toBe("body-differs");
  expect((await b.send("GET", `/app/${app}/endpoint`)).json.data).toHaveLength(2);
  expect((await b.send("GET", `/app/${app}/msg`)).json.data).toHaveLength(1);
  expect((await keyed(b.send, `/app/${app}/msg`, message, "new")).json.id).not.toBe(first[0]!.json.id);
});

test("keys follow an application that moves on and back, with those of each server that it was on", async () => {
  await using servers = await twoServers();
  const { a, b } = servers;
  const app = await makeApplication(a.send);
  const path = `/app/${app}/msg`;
  const ofA = await keyed(a.send, path, message, "of a");
  expect((await moveApp(app, a.url, b.url)).stderr).toBe("");
  const ofB = await keyed(b.send, path, message, "of b");

  expect((await moveApp(app, b.url, a.url)).stderr).toBe("");

  const [againA, againB] = [await keyed(a.send, path, message, "of a"), await keyed(a.send, path, message, "of b")];
  expect([againA.text, againB.text]).toEqual([ofA.text, ofB.text]);
  const gone = await keyed(b.send, path, message, "of b");
  expect({ status: gone.status, to: gone.headers.get("boathook-moved-to") }).toEqual({ status: 421, to: a.url });
});
