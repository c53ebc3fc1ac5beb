import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Source } from "../../src/store/index.ts";
import { DoorWorld } from "../support/door-world.ts";
import { postStripe, STRIPE_SECRET, stripeEvent } from "../support/stripe.ts";

/** The wall clock of the server, in ms ahead of the real one. */
let aheadMs = 0;
let steadyMs: number | null = null;

let world: DoorWorld;
beforeAll(async () => {
  const clock = { now: () => Date.now() + aheadMs, steady: () => steadyMs ?? performance.now() };
  world = await DoorWorld.open({ clock });
});
afterAll(() => world[Symbol.asyncDispose]());

const stripe = (fields: Partial<Source> = {}) =>
  world.source({ type: "stripe", config: { secret: STRIPE_SECRET, toleranceSeconds: 0 }, ...fields });

const generic = (by: string | null, fields: Partial<Source> = {}) =>
  world.source({
    type: "generic-webhook",
    deduplicate: by === null ? null : { by, windowSeconds: 3600 },
    ...fields,
  });

const send = (source: { readonly url: string }, body: string, { method = "POST", headers = {}, end = "" } = {}) =>
  fetch(source.url + end, { method, ...(method === "POST" && { body }), headers });

describe("duplicates", () => {
  test("an event that is sent again is not stored again, and gets the response of the first one", async () => {
    const answer = { status: 202, headers: { "x-answer": "first" }, body: "first" };
    const source = await stripe({ answer });
    const body = stripeEvent();
    expect((await postStripe(source, body)).status).toBe(202);
    await world.change(source, { answer: { status: 203, headers: { "x-answer": "second" }, body: "second" } });
    const again = await postStripe(source, body);
    expect([again.status, again.headers.get("x-answer"), await again.text()]).toEqual([202, "first", "first"]);
    expect((await postStripe(source)).status).toBe(203);
    expect(await world.messages(source)).toHaveLength(2);
    expect(await world.counts(source)).toMatchObject({ stored: 2, duplicate: 1 });
  });

  test("a duplicate gets the provider's response if the first one got it, although the source has another one now", async () => {
    const source = await stripe();
    const body = stripeEvent();
    expect((await postStripe(source, body)).status).toBe(200);
    await world.change(source, { answer: { status: 203, headers: {}, body: "" } });
    expect((await postStripe(source, body)).status).toBe(200);
  });

  test("a duplicate gets a response although the first message was deleted", async () => {
    const source = await stripe({ answer: { status: 203, headers: {}, body: "" } });
    const body = stripeEvent();
    await postStripe(source, body);
    const [message] = await world.messages(source);
    await world.kernel.store.queue.expunge.message(message!.seq);
    expect((await postStripe(source, body)).status).toBe(203);
    expect(await world.messages(source)).toHaveLength(1);
  });

  test("of many equal requests at the same time one is stored, and all get 200", async () => {
    const source = await stripe();
    const body = stripeEvent();
    const responses = await Promise.all(Array.from({ length: 50 }, () => postStripe(source, body)));
    expect(new Set(responses.map(({ status }) => status))).toEqual(new Set([200]));
    expect(await world.messages(source)).toHaveLength(1);
    expect(await world.counts(source)).toMatchObject({ stored: 1, duplicate: 49 });
  });

  test("two sources never share duplicates", async () => {
    const [one, other] = [await stripe(), await stripe()];
    const body = stripeEvent();
    await postStripe(one, body);
    await postStripe(other, body);
    expect([await world.messages(one), await world.messages(other)].map(({ length }) => length)).toEqual([1, 1]);
  });

  test("the window counts from the first request, and then the event is stored again", async () => {
    const source = await stripe({ deduplicate: { by: "delivery-id", windowSeconds: 60 } });
    const body = stripeEvent();
    aheadMs = 0;
    await postStripe(source, body);
    aheadMs = 50_000;
    await postStripe(source, body);
    expect(await world.messages(source)).toHaveLength(1);
    aheadMs = 61_000;
    await postStripe(source, body);
    aheadMs = 0;
    expect(await world.messages(source)).toHaveLength(2);
  });

  test("without `deduplicate` everything is stored", async () => {
    const source = await stripe({ deduplicate: null });
    const body = stripeEvent();
    for (let i = 0; i < 3; i++) await postStripe(source, body);
    expect(await world.messages(source)).toHaveLength(3);
  });

  test("a request that could not be stored does not make a later one a duplicate", async () => {
    const source = await stripe();
    const body = stripeEvent();
    world.isDiskFull = true;
    const refused = await Promise.all([postStripe(source, body), postStripe(source, body)]);
    world.isDiskFull = false;
    expect(refused.map(({ status }) => status)).toEqual([503, 503]);
    expect((await postStripe(source, body)).status).toBe(200);
    expect(await world.messages(source)).toHaveLength(1);
  });
});

describe("the key of duplicates", () => {
  test("with `body`, requests are equal if method, path, query and body are", async () => {
    const source = await generic("body");
    for (let i = 0; i < 2; i++) {
      await send(source, "a");
      await send(source, "b");
      await send(source, "a", { end: "/x" });
      await send(source, "a", { end: "?x" });
      await send(source, "a", { headers: { "x-other": String(i) } });
    }
    const stored = (await world.messages(source)).map(({ payload, received }) => [
      Buffer.from(payload!).toString(),
      received!.path,
    ]);
    expect(stored.length).toBe(4);
    expect(new Set(stored.map((one) => one.join()))).toEqual(new Set(["a,/", "b,/", "a,/x", "a,/?x"]));
  });

  test("an empty body is never a duplicate by its body", async () => {
    const source = await generic("body");
    for (let i = 0; i < 2; i++) expect((await send(source, "")).status).toBe(200);
    for (let i = 0; i < 2; i++) expect((await send(source, "", { method: "GET" })).status).toBe(200);
    expect(await world.messages(source)).toHaveLength(4);
  });

  test("with a path the value in the body decides, else the body", async () => {
    const source = await generic("$.event.id");
    for (const body of [
      '{"event":{"id":7}}',
      '{"event":{"id":"7"},"b":1}',
      '{"a":1}',
      '{"a":2}',
      '{"a":1}',
      "{",
      "{",
    ]) {
      expect((await send(source, body)).status).toBe(200);
    }
    expect((await world.messages(source)).map(({ payload }) => Buffer.from(payload!).toString())).toEqual([
      '{"event":{"id":7}}',
      '{"a":1}',
      '{"a":2}',
      "{",
    ]);
  });

  test("with a header its value decides, and an empty body with it may be a duplicate", async () => {
    const source = await generic("header:X-Delivery");
    for (const delivery of ["1", "2", "1"]) await send(source, "", { headers: { "x-delivery": delivery } });
    expect(await world.messages(source)).toHaveLength(2);
  });
});

describe("the rate of a source", () => {
  test("above it requests get 429 with Retry-After, but duplicates and forged ones do not", async () => {
    steadyMs = 1_000_000;
    const source = await stripe({ ingestRate: 3 });
    const bodies = Array.from({ length: 5 }, () => stripeEvent());
    const statuses: number[] = [];
    for (const body of bodies) statuses.push((await postStripe(source, body)).status);
    expect(statuses).toEqual([200, 200, 200, 429, 429]);
    expect((await postStripe(source, bodies[0])).status).toBe(200);
    expect((await postStripe(source, bodies[3], { "stripe-signature": "" })).status).toBe(401);
    const limited = await postStripe(source, bodies[4]);
    expect([limited.status, limited.headers.get("retry-after"), (await limited.json()) as unknown]).toMatchObject([
      429,
      "1",
      { code: "rate_limited" },
    ]);
    steadyMs += 1000;
    expect((await postStripe(source, bodies[3])).status).toBe(200);
    steadyMs = null;
    expect(await world.messages(source)).toHaveLength(4);
    expect(await world.counts(source)).toMatchObject({ stored: 4, duplicate: 1, limited: 3, refused: 1 });
    expect((await world.log(source)).map(({ cause }) => cause)).toContain("rate_limited");
  });

  test("duplicates and requests that were not stored do not use up the rate", async () => {
    steadyMs = 2_000_000;
    const source = await stripe({ ingestRate: 2 });
    const [first, second] = [stripeEvent(), stripeEvent()];
    await postStripe(source, first);
    for (let i = 0; i < 5; i++) expect((await postStripe(source, first)).status).toBe(200);
    world.isDiskFull = true;
    for (let i = 0; i < 3; i++) expect((await postStripe(source, second)).status).toBe(503);
    world.isDiskFull = false;
    expect((await postStripe(source, second)).status).toBe(200);
    expect((await postStripe(source)).status).toBe(429);
    steadyMs = null;
  });
});
