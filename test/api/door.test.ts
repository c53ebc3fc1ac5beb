import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Source } from "../../src/store/index.ts";
import { DoorWorld } from "../support/door-world.ts";
import { postStripe, STRIPE_SECRET, stripeEvent, stripeSignature } from "../support/stripe.ts";

let world: DoorWorld;
beforeAll(async () => {
  world = await DoorWorld.open();
});
afterAll(() => world[Symbol.asyncDispose]());

const stripe = (fields: Partial<Source> = {}) =>
  world.source({ type: "stripe", config: { secret: STRIPE_SECRET }, ...fields });
const generic = (fields: Partial<Source> = {}) =>
  world.source({ type: "generic-webhook", deduplicate: null, ...fields });

/** Returns the one request that the consumer got with this body. */
async function deliveryOf(body: string) {
  const [delivery] = await world.consumer.arrived(1, (request) => request.body.toString() === body);
  return delivery!;
}

describe("a request that passes its check", () => {
  test("a signed request is stored, and delivered with the headers of its sender", async () => {
    const source = await stripe({ uid: "stripe-eu" });
    const body = stripeEvent();
    const headers = {
      ...stripeSignature(body),
      "content-type": "application/json; charset=utf-8",
      "user-agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
    };
    const response = await fetch(`${source.url}/orders%2F1?x=%20`, { method: "POST", body, headers });
    expect([response.status, await response.text()]).toEqual([200, ""]);
    expect(Object.fromEntries((await deliveryOf(body)).headers)).toMatchObject({
      ...headers,
      "boathook-source": "stripe-eu",
      "boathook-method": "POST",
      "boathook-path": "/orders%2F1?x=%20",
      "boathook-verification": "verified",
    });
    expect(await world.messages(source)).toMatchObject([
      {
        eventType: "invoice.paid",
        contentType: "application/json; charset=utf-8",
        received: { state: "verified", cause: null, method: "POST", path: "/orders%2F1?x=%20", redacted: [] },
      },
    ]);
    expect(await world.counts(source)).toMatchObject({ stored: 1, refused: 0, duplicate: 0 });
    expect(world.facts).toContainEqual(
      expect.objectContaining({ type: "source.received", source: "stripe-eu", outcome: "stored" }),
    );
  });

  test("a source without a uid is named by its id", async () => {
    const source = await stripe();
    const body = stripeEvent();
    await postStripe(source, body);
    expect((await deliveryOf(body)).headers.get("boathook-source")).toBe(world.kernel.ids.encode("src_", source.seq));
  });

  test("the path of a request without a suffix is a slash", async () => {
    const source = await generic();
    for (const [end, path] of [
      ["", "/"],
      ["?a=1", "/?a=1"],
      ["/", "/"],
      ["/?", "/?"],
    ] as const) {
      await fetch(`${source.url}${end}`, { method: "POST", body: `path of ${end}` });
      expect((await deliveryOf(`path of ${end}`)).headers.get("boathook-path")).toBe(path);
    }
  });

  test("a header with the secret itself is redacted in the message and left out of the delivery", async () => {
    const source = await world.source({ type: "gitlab", config: { secret: "hidden-token" } });
    const body = stripeEvent();
    const headers = { "x-gitlab-token": "hidden-token", "x-gitlab-event": "Push Hook", "content-type": "a/b" };
    expect((await fetch(source.url, { method: "POST", body, headers })).status).toBe(200);
    const delivery = await deliveryOf(body);
    expect(delivery.headers.has("x-gitlab-token")).toBe(false);
    expect(delivery.headers.get("x-gitlab-event")).toBe("Push Hook");
    expect(delivery.headers.get("boathook-verification")).toBe("authenticated");
    const [message] = await world.messages(source);
    expect(message).toMatchObject({ eventType: "Push.Hook", headers: { "x-gitlab-token": "[redacted]" } });
    expect(JSON.stringify(message)).not.toContain("hidden-token");
  });

  test("the user's response is sent, with its status, headers and body", async () => {
    const source = await stripe({
      answer: { status: 202, headers: { "x-a": "1", "content-type": "a/b" }, body: "ok" },
    });
    const response = await postStripe(source);
    expect([response.status, response.headers.get("x-a"), response.headers.get("content-type")]).toEqual([
      202,
      "1",
      "a/b",
    ]);
    expect(await response.text()).toBe("ok");
  });

  test("a response with status 204 has no body", async () => {
    const source = await stripe({ answer: { status: 204, headers: {}, body: "" } });
    const response = await postStripe(source);
    expect([response.status, await response.text()]).toEqual([204, ""]);
  });
});

describe("the event type", () => {
  test.each([
    [null, "invoice.paid"],
    ["$.data.kind", "order.created"],
    ["header:X-Kind", "from_header"],
    ["literal.name", "literal.name"],
    ["$.missing", "stripe.received"],
    ["$.missing, $.type", "invoice.paid"],
  ])("the expression %s of a source gives the event type %s", async (eventType, expected) => {
    const source = await stripe({ eventType });
    const body = stripeEvent({ data: { kind: "order/created" } });
    expect(
      (await postStripe(source, body, { "x-kind": "from header?".replace(" ", "_").replace("?", "") })).status,
    ).toBe(200);
    expect(await world.messages(source)).toMatchObject([{ eventType: expected }]);
  });

  test("a body that is not JSON has the default event type and is not refused", async () => {
    const source = await generic({ eventType: "$.type" });
    expect((await fetch(source.url, { method: "POST", body: "{not json" })).status).toBe(200);
    expect(await world.messages(source)).toMatchObject([{ eventType: "generic-webhook.received" }]);
  });
});

describe("a request that fails its check", () => {
  test("it gets 401 without the cause, which stands in the log of the source", async () => {
    const source = await stripe();
    const body = stripeEvent();
    const headers = { ...stripeSignature(body, { secret: "another" }), "x-other": "1" };
    const response = await postStripe(source, body, headers);
    expect([response.status, response.headers.get("content-type"), await response.json()]).toEqual([
      401,
      "application/json",
      { code: "not_verified", detail: "The request could not be verified." },
    ]);
    expect(await world.messages(source)).toEqual([]);
    const [entry] = await world.log(source);
    expect(entry).toMatchObject({
      status: 401,
      cause: "signature_mismatch",
      method: "POST",
      path: "/",
      address: "127.0.0.1",
      headers: { "x-other": "1" },
    });
    expect(entry!.errorText).toStartWith("The signature does not match the request.");
    expect(Buffer.from(entry!.payload).toString()).toBe(body);
    expect(await world.counts(source)).toMatchObject({ stored: 0, refused: 1 });
    expect(world.facts).toContainEqual(
      expect.objectContaining({
        type: "source.refused",
        sourceSeq: source.seq,
        cause: "signature_mismatch",
        status: 401,
      }),
    );
  });

  test("the log has the first 16 KiB of the body, and no half of a character", async () => {
    const source = await stripe();
    const body = `a${"é".repeat(20_000)}`;
    expect((await postStripe(source, body, { "stripe-signature": "t=1,v1=00" })).status).toBe(401);
    const [entry] = await world.log(source);
    expect(Buffer.from(entry!.payload).toString()).toBe(`a${"é".repeat(8191)}`);
  });

  test("with `record` it is stored and delivered with its cause, and stands in the log", async () => {
    const source = await stripe({ verification: "record" });
    const body = stripeEvent();
    expect((await postStripe(source, body, { "stripe-signature": "" })).status).toBe(200);
    const delivery = await deliveryOf(body);
    expect(delivery.headers.get("boathook-verification")).toBe("failed");
    expect(delivery.headers.get("boathook-verification-cause")).not.toBeNull();
    expect(await world.log(source)).toMatchObject([
      { status: 200, cause: delivery.headers.get("boathook-verification-cause") },
    ]);
    expect(await world.counts(source)).toMatchObject({ stored: 1, refused: 0 });
  });

  test("with `record` it is neither a duplicate nor makes one", async () => {
    const source = await stripe({ verification: "record" });
    const body = stripeEvent();
    const forged = () => postStripe(source, body, { "stripe-signature": "t=1,v1=00" });
    for (const response of [await forged(), await postStripe(source, body), await forged()]) {
      expect(response.status).toBe(200);
    }
    const states = (await world.messages(source)).map(({ received }) => received!.state);
    expect(states).toEqual(["failed", "verified", "failed"]);
  });

  test("with `off` it is stored as unattempted", async () => {
    const source = await stripe({ verification: "off" });
    const body = stripeEvent();
    expect((await postStripe(source, body, { "stripe-signature": "t=1,v1=00" })).status).toBe(200);
    expect((await deliveryOf(body)).headers.get("boathook-verification")).toBe("unattempted");
    expect(await world.log(source)).toEqual([]);
  });

  test("a refused request does not make a later right one a duplicate", async () => {
    const source = await stripe();
    const body = stripeEvent();
    expect((await postStripe(source, body, { "stripe-signature": "t=1,v1=00" })).status).toBe(401);
    expect((await postStripe(source, body)).status).toBe(200);
    expect(await world.messages(source)).toHaveLength(1);
  });

  test("the log of a source is limited in its rate, and refusals go on", async () => {
    const source = await stripe();
    const statuses = await Promise.all(
      Array.from({ length: 150 }, async () => (await postStripe(source, "{}", { "stripe-signature": "" })).status),
    );
    expect(new Set(statuses)).toEqual(new Set([401]));
    const { length } = await world.log(source);
    expect(length).toBeGreaterThanOrEqual(100);
    expect(length).toBeLessThan(150);
    expect(await world.counts(source)).toMatchObject({ refused: 150 });
  });
});

describe("a public URL with a path", () => {
  test.each(["/hooks", ""])("the URL of a source may begin with the path %p or not", async (prefix) => {
    await using other = await DoorWorld.open({ pathPrefix: "/hooks" });
    const source = await other.source({ type: "stripe", config: { secret: STRIPE_SECRET } });
    const url = `${other.url}${prefix}${source.path}/a`;
    expect((await postStripe({ url })).status).toBe(200);
    expect(await other.messages(source)).toMatchObject([{ received: { path: "/a" } }]);
  });
});
