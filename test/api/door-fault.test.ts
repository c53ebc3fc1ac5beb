import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { KeyUnavailable } from "../../src/door/keys.ts";
import type { Source } from "../../src/store/index.ts";
import { DoorWorld } from "../support/door-world.ts";
import { postStripe, STRIPE_SECRET, stripeEvent } from "../support/stripe.ts";

let world: DoorWorld;
beforeAll(async () => {
  world = await DoorWorld.open();
});
afterAll(() => world[Symbol.asyncDispose]());

const stripe = (fields: Partial<Source> = {}) =>
  world.source({ type: "stripe", config: { secret: STRIPE_SECRET }, ...fields });

describe("our own faults", () => {
  test("a request that cannot be stored gets 503 with Retry-After, and is stored when it is sent again", async () => {
    const source = await stripe();
    expect((await postStripe(source)).status).toBe(200);
    const body = stripeEvent();
    world.isDiskFull = true;
    const response = await postStripe(source, body);
    const refused = await postStripe(source, body, { "stripe-signature": "" });
    world.isDiskFull = false;
    expect([response.status, response.headers.get("retry-after")]).toEqual([503, "5"]);
    expect(refused.status).toBe(401);
    expect((await postStripe(source, body)).status).toBe(200);
    expect(await world.messages(source)).toHaveLength(2);
  });

  test("a key that cannot be fetched is a 503 with Retry-After, and is asked for again", async () => {
    const asked: string[] = [];
    let isAvailable = false;
    const keys = {
      fetch: async ({ url }: { readonly url: string }) => {
        asked.push(url);
        if (!isAvailable) throw new KeyUnavailable("The provider did not respond.");
        return "not a key";
      },
      confirm: async () => {},
    };
    await using other = await DoorWorld.open({ keys });
    const source = await other.source({ type: "stripe", config: { secret: STRIPE_SECRET } });
    const entry = (await other.kernel.sources.find(source.path.slice("/in/".length)))!;
    const key = { url: "https://keys.example/jwks", kind: "jwks", keyId: null } as const;
    const { receiver } = entry;
    Object.assign(receiver, {
      check: (_: unknown, __: number, fetched?: string) =>
        fetched === undefined ? { kind: "needs-key", key } : { kind: "failed", cause: "unknown_key" },
    });
    const response = await postStripe(source);
    expect([response.status, response.headers.get("retry-after")]).toEqual([503, "30"]);
    expect(other.facts).toContainEqual(
      expect.objectContaining({ type: "source.key-unavailable", sourceSeq: source.seq }),
    );
    isAvailable = true;
    expect((await postStripe(source)).status).toBe(401);
    expect(asked).toEqual([key.url, key.url]);
    expect(await other.log(source)).toMatchObject([{ cause: "unknown_key" }]);
  });

  test("a bug is a 503 with Retry-After, because the sender must send again", async () => {
    await using other = await DoorWorld.open();
    const source = await other.source({ type: "stripe", config: { secret: STRIPE_SECRET } });
    const { receiver } = (await other.kernel.sources.find(source.path.slice("/in/".length)))!;
    Object.assign(receiver, {
      eventType: () => {
        throw new Error("planted");
      },
    });
    const response = await postStripe(source);
    expect([response.status, response.headers.get("retry-after")]).toEqual([503, "5"]);
    expect(await other.messages(source)).toEqual([]);
  });

  test("a stopping server refuses requests with 503", async () => {
    await using other = await DoorWorld.open();
    const source = await other.source({ type: "stripe", config: { secret: STRIPE_SECRET } });
    other.stopping.abort();
    const response = await postStripe(source);
    expect([response.status, response.headers.get("retry-after")]).toEqual([503, "5"]);
  });
});
