import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { freshUid, makeApplication, type Send } from "../support/client.ts";
import { attemptsOf, sendMessage, until } from "../support/delivery.ts";
import { type Installation, install } from "../support/installation.ts";

/**
 * Tests warnings about the URLs of endpoints. The server does not allow endpoints on this machine.
 */

let boathook: Installation;
let send: Send;
beforeAll(async () => {
  boathook = await install(["--retry-schedule=50ms,50ms,50ms,5d", "--allow-subnets=127.0.0.9/32"], { loopback: false });
  send = boathook.send;
});
afterAll(() => boathook[Symbol.asyncDispose]());

const GOOD = "http://127.0.0.9:3000/";
const BLOCKED = "http://localhost:3000/";
const blocked = [{ code: "blocked", detail: expect.stringContaining("allow-subnets") }];

for (const [what, list] of [
  ["an endpoint", "/app/APP/endpoint"],
  ["an operational endpoint", "/operational-webhook/endpoint"],
] as const) {
  describe(`warnings of ${what}`, () => {
    test(`every response to a write of ${what} contains warnings, and no response to a read does`, async () => {
      const path = list.replace("APP", await makeApplication(send));
      const made = await send("POST", path, { url: BLOCKED });
      expect([made.status, made.json.warnings]).toEqual([201, blocked]);
      const { id } = made.json;
      const put = await send("PUT", `${path}/${freshUid("ep")}`, { url: BLOCKED });
      expect([put.status, put.json.warnings]).toEqual([201, blocked]);
      expect((await send("PUT", `${path}/${id}`, { url: GOOD })).json.warnings).toEqual([]);
      expect((await send("PUT", `${path}/${id}`, { url: BLOCKED })).json.warnings).toEqual(blocked);
      expect((await send("GET", `${path}/${id}`)).json).not.toHaveProperty("warnings");
      expect((await send("GET", path)).json.data[0]).not.toHaveProperty("warnings");
    });
  });
}

test("the response to a change of an endpoint contains warnings even if the URL does not change", async () => {
  const app = await makeApplication(send);
  const { id } = (await send("POST", `/app/${app}/endpoint`, { url: BLOCKED })).json;
  const change = (fields: object) => send("PATCH", `/app/${app}/endpoint/${id}`, fields);
  expect((await change({ description: "x" })).json.warnings).toEqual(blocked);
  expect((await change({ url: GOOD })).json.warnings).toEqual([]);
});

test("a URL with a host name that does not exist causes the warning `dns`", async () => {
  const app = await makeApplication(send);
  const { json } = await send("POST", `/app/${app}/endpoint`, { url: "https://boathook-test.invalid/" });
  expect(json.warnings.map(({ code }: { code: string }) => code)).toEqual(["dns"]);
});

test("a warning is logged with the ids of the endpoint and the application", async () => {
  const app = await makeApplication(send);
  const { id } = (await send("POST", `/app/${app}/endpoint`, { url: BLOCKED })).json;
  expect(await boathook.process.logged(({ endpointId }) => endpointId === id)).toMatchObject({
    level: "warn",
    code: "blocked",
    appId: expect.stringMatching(/^app_/),
    msg: expect.stringContaining("allow-subnets"),
  });
});

test("a blocked delivery becomes a dead letter after its second attempt, whatever the schedule", async () => {
  const app = await makeApplication(send);
  await send("POST", `/app/${app}/endpoint`, { url: BLOCKED });
  const message = await sendMessage(send, app);
  const [letter] = await until(
    async () => (await send("GET", `/app/${app}/dead-letter`)).json.data,
    (letters: unknown[]) => letters.length > 0,
  );
  expect(letter).toMatchObject({ msgId: message, reason: "blocked", attempts: 2 });
  const attempts = await attemptsOf(send, app, message, 2);
  expect(attempts.map(({ reason, nextAttempt }) => [reason, nextAttempt === null])).toEqual([
    ["blocked", true],
    ["blocked", false],
  ]);
});
