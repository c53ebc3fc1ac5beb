import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createHmac } from "node:crypto";
import { DoorWorld } from "../support/door-world.ts";

let world: DoorWorld;
beforeAll(async () => {
  world = await DoorWorld.open();
});
afterAll(() => world[Symbol.asyncDispose]());

const SECRET = "test-only-secret";

function slackHeaders(body: string, secret = SECRET): Record<string, string> {
  const timestamp = String(Math.floor(Date.now() / 1000));
  const mac = createHmac("sha256", secret).update(`v0:${timestamp}:${body}`).digest("hex");
  return { "x-slack-signature": `v0=${mac}`, "x-slack-request-timestamp": timestamp };
}

const challenge = JSON.stringify({ type: "url_verification", token: "t", challenge: "c-1" });
const slack = (verification: "enforce" | "record" | "off" = "enforce") =>
  world.source({ type: "slack", config: { secret: SECRET }, verification, ingestRate: 1 });

function post(source: { readonly url: string }, body: string, headers: Record<string, string>): Promise<Response> {
  return fetch(source.url, { method: "POST", body, headers: { "content-type": "application/json", ...headers } });
}

describe("handshakes", () => {
  test("a signed handshake is answered, but not stored, not logged and not limited by the rate", async () => {
    const source = await slack();
    for (let i = 0; i < 3; i++) {
      const response = await post(source, challenge, slackHeaders(challenge));
      expect([response.status, await response.text()]).toMatchObject([200, expect.stringContaining("c-1")]);
    }
    expect([await world.messages(source), await world.log(source)]).toEqual([[], []]);
    expect(await world.counts(source)).toMatchObject({ handshake: 3, stored: 0 });
  });

  test.each(["enforce", "record"] as const)(
    "with `%s`, a handshake that must be signed gets 401 if it is not",
    async (verification) => {
      const source = await slack(verification);
      const response = await post(source, challenge, slackHeaders(challenge, "another"));
      expect(response.status).toBe(401);
      expect(await response.text()).not.toContain("c-1");
      expect(await world.log(source)).toMatchObject([{ status: 401, cause: "signature_mismatch" }]);
      expect(await world.messages(source)).toEqual([]);
    },
  );

  test("with `off`, a handshake is answered without a check", async () => {
    const source = await slack("off");
    expect(await (await post(source, challenge, {})).text()).toContain("c-1");
  });

  test("an unsigned handshake with a wrong token gets the provider's refusal and stands in the log", async () => {
    const source = await world.source({ type: "meta", config: { secret: SECRET, verifyToken: "right" } });
    const get = (token: string) =>
      fetch(`${source.url}?hub.mode=subscribe&hub.challenge=123&hub.verify_token=${token}`);
    const right = await get("right");
    expect([right.status, await right.text()]).toEqual([200, "123"]);
    const wrong = await get("wrong");
    expect([wrong.status, await wrong.text()]).toEqual([403, ""]);
    expect(await world.log(source)).toMatchObject([{ status: 403, cause: "token_mismatch", method: "GET" }]);
  });
});

describe("a secret that a handshake brings", () => {
  const asana = () => world.source({ type: "asana", config: {} });
  const hook = (source: { readonly url: string }, secret: string) => post(source, "", { "x-hook-secret": secret });
  const sign = (body: string, secret: string) => ({
    "x-hook-signature": createHmac("sha256", secret).update(body).digest("hex"),
  });

  test("the first handshake sets it, and later requests are checked with it", async () => {
    const source = await asana();
    const body = '{"events":[{"action":"changed"}]}';
    expect((await post(source, body, sign(body, "one"))).status).toBe(401);
    expect((await world.log(source))[0]).toMatchObject({ cause: "missing_signature" });
    const response = await hook(source, "one");
    expect([response.status, response.headers.get("x-hook-secret")]).toEqual([200, "one"]);
    expect((await hook(source, "two")).status).toBe(401);
    expect((await world.log(source))[0]).toMatchObject({ cause: "unknown_key" });
    expect((await post(source, body, sign(body, "two"))).status).toBe(401);
    expect((await post(source, body, sign(body, "one"))).status).toBe(200);
    expect(await world.get(source)).toMatchObject({ config: { secret: "one" }, captured: null });
  });

  test("of many handshakes at the same time one sets it, and the others get 401", async () => {
    const source = await asana();
    const responses = await Promise.all(Array.from({ length: 10 }, (_, i) => hook(source, `secret-${i}`)));
    const accepted = responses.filter(({ status }) => status === 200);
    expect(accepted).toHaveLength(1);
    expect(responses.filter(({ status }) => status === 401)).toHaveLength(9);
    expect((await world.get(source)).config.secret).toBe(accepted[0]!.headers.get("x-hook-secret"));
  });

  test("the log of the source does not contain it when the handshake is repeated", async () => {
    const first = await asana();
    for (const status of [200, 401]) expect((await hook(first, "secret_of_asana")).status).toBe(status);
    const second = await world.source({ type: "notion", config: {} });
    // With escapes, the text in the body is not the secret itself.
    const bring = '{"verification_token":"secret_of_not\\u0069on"}';
    for (const status of [200, 401]) expect((await post(second, bring, {})).status).toBe(status);
    expect(await world.log(first)).toMatchObject([{ headers: { "x-hook-secret": "[redacted]" } }]);
    expect((await world.log(second)).map(({ payload }) => Buffer.from(payload).toString())).toEqual([""]);
  });

  test("it is not set if it cannot be stored", async () => {
    const source = await asana();
    world.isDiskFull = true;
    const response = await hook(source, "one");
    world.isDiskFull = false;
    expect([response.status, response.headers.get("x-hook-secret")]).toEqual([503, null]);
    expect((await hook(source, "two")).status).toBe(200);
  });

  test("a secret that the operator must copy is shown until the first verified message", async () => {
    const source = await world.source({ type: "notion", config: {} });
    const bring = JSON.stringify({ verification_token: "secret_of_notion" });
    expect((await post(source, bring, {})).status).toBe(200);
    expect(await world.get(source)).toMatchObject({
      config: { secret: "secret_of_notion" },
      captured: "secret_of_notion",
    });
    const body = '{"id":"1","type":"page.created"}';
    const mac = createHmac("sha256", "secret_of_notion").update(body).digest("hex");
    expect((await post(source, body, { "x-notion-signature": `sha256=${mac}` })).status).toBe(200);
    expect(await world.get(source)).toMatchObject({ captured: null, config: { secret: "secret_of_notion" } });
  });
});
