import { describe, expect, test } from "bun:test";
import { endpointUpdated } from "../../src/commands/publish.ts";
import { generateSecret, parseSecret, sign } from "../../src/core/signature.ts";
import type { Endpoint } from "../../src/store/index.ts";
import { EngineWorld, MINUTE, SECOND } from "../support/engine-world.ts";
import { storeWith } from "../support/store-with.ts";

const NEW_SECRET = generateSecret(new Uint8Array(24).fill(7));

/** Makes `NEW_SECRET` the current key. The old key signs for another minute. */
async function rotate(world: EngineWorld, endpoint: Endpoint): Promise<void> {
  const { endpoints } = world.store.configuration;
  await world.do(() => endpoints.rotateSecret(endpoint.seq, NEW_SECRET, world.now, world.now + MINUTE));
  endpointUpdated(world.kernel, endpoint, endpoint);
}

/** Returns the signatures of the latest request. Expects that `NEW_SECRET` made the first one. */
function signatures(world: EngineWorld): readonly string[] {
  const header = (name: string) => world.headers.find(([key]) => key === name)![1];
  const body = Buffer.from(JSON.stringify({ message: world.starts.at(-1)!.message }));
  const key = parseSecret(NEW_SECRET)!;
  const expected = sign([key], header("webhook-id"), Number(header("webhook-timestamp")), body);
  const all = header("webhook-signature").split(" ");
  expect(all[0]).toBe(expected);
  return all;
}

describe("a signing key that was replaced", () => {
  test("a replaced key signs requests only until it expires", async () => {
    using world = await EngineWorld.open();
    const endpoint = await world.endpoint("a.example", 200);
    await world.send(endpoint);
    await rotate(world, endpoint);
    await world.send(endpoint);
    await world.pass(SECOND);
    expect(signatures(world)).toHaveLength(2);
    await world.pass(57 * SECOND);
    await world.send(endpoint);
    await world.pass(SECOND);
    expect(signatures(world)).toHaveLength(2);
    await world.pass(2 * SECOND);
    await world.send(endpoint);
    await world.pass(SECOND);
    expect(signatures(world)).toHaveLength(1);
    expect(world.starts).toHaveLength(4);
  });

  test("an old key that expires before a retry does not sign the retry", async () => {
    using world = await EngineWorld.open({ policy: { retryScheduleMs: [2 * MINUTE] } });
    const endpoint = await world.endpoint("a.example", (_, attempt) => (attempt === 1 ? 500 : 200));
    await rotate(world, endpoint);
    await world.send(endpoint);
    await world.pass(SECOND);
    expect(signatures(world)).toHaveLength(2);
    await world.rest();
    expect(world.starts).toHaveLength(2);
    expect(signatures(world)).toHaveLength(1);
  });

  test("an old key that expires while messages are pending does not sign them", async () => {
    using world = await EngineWorld.open();
    const slow = { status: 200, afterMs: 10 * SECOND };
    const endpoint = await world.endpoint("a.example", slow, { ordering: "fifo" });
    await rotate(world, endpoint);
    await world.send(endpoint, 10);
    const counts: number[] = [];
    for (let i = 0; i < 10; i++) {
      await world.pass(10 * SECOND);
      if (world.starts.length > counts.length) counts.push(signatures(world).length);
    }
    expect(counts.slice(0, 5)).toEqual([2, 2, 2, 2, 2]);
    expect(counts.slice(7)).toEqual(counts.slice(7).map(() => 1));
    expect(counts.length).toBeGreaterThan(8);
  });

  test("an old key that expires while a batch is prepared does not sign it, although its endpoint gets no more batches", async () => {
    let readMs = 0;
    using world = await EngineWorld.open({
      policy: { retryScheduleMs: [SECOND] },
      wrapStore: (store, clock) =>
        storeWith(store, {
          queue: {
            contents: async (...args) => {
              await new Promise<void>((resolve) => clock.after(readMs, resolve));
              return store.queue.contents(...args);
            },
          },
        }),
    });
    const batch = { maxMessages: 1, maxWaitMs: 0 };
    const endpoint = await world.endpoint("a.example", (_, attempt) => (attempt === 1 ? 500 : 200), { batch });
    await world.send(endpoint);
    await world.pass(SECOND / 2);
    await world.update(endpoint, { batch: null });
    await rotate(world, endpoint);
    readMs = 2 * MINUTE;
    await world.rest();
    expect(world.starts.map(({ webhookId }) => webhookId.split("_")[0])).toEqual(["batch", "batch"]);
    expect(world.headers.find(([key]) => key === "webhook-signature")![1].split(" ")).toHaveLength(1);
  });
});
