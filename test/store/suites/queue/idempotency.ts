import { describe, expect, test } from "bun:test";
import type { IdempotentResponse, Store } from "../../../../src/store/index.ts";
import { Furnished } from "../../furnished.ts";
import type { Open } from "../../store-under-test.ts";

const key = new Uint8Array(32).fill(9);

export function idempotencySuite(open: Open): void {
  describe("idempotency", () => {
    test.each<IdempotentResponse>([
      { kind: "text", status: 201, body: '{"id":"ü"}' },
      { kind: "text", status: 204, body: "" },
      { kind: "message", messageSeq: 123_456_789_012 },
    ])(
      "the response %j to an idempotency key is returned until the key expires, even after a restart",
      async (response) => {
        await using world = await Furnished.open(open);
        await world.store.queue.idempotency.put(
          { key, expiresAt: world.now + 1000, bodyHash: null },
          response,
          world.now,
        );
        await world.reopen();
        expect(await world.store.queue.idempotency.get(key, world.now + 999)).toEqual(response);
        expect(await world.store.queue.idempotency.get(key, world.now + 1000)).toBeNull();
      },
    );

    test("the entry of an idempotency key keeps the first response and the hash of the first body, even after a restart", async () => {
      await using world = await Furnished.open(open);
      const { queue } = world.store;
      const response = { kind: "text", status: 200, body: "" } as const;
      const entry = (fill: number) => ({ key, expiresAt: world.now + 1000, bodyHash: new Uint8Array(8).fill(fill) });
      await queue.idempotency.put(entry(1), response, world.now);
      await queue.idempotency.put(entry(2), response, world.now);
      await world.reopen();
      const stored = await world.store.queue.idempotency.get(key, world.now);
      expect(stored).toEqual({ ...response, bodyHash: new Uint8Array(8).fill(1) });
    });

    test("an idempotency key does not affect other keys", async () => {
      await using world = await Furnished.open(open);
      await world.store.queue.idempotency.put(
        { key, expiresAt: world.now + 1000, bodyHash: null },
        { kind: "text", status: 200, body: "" },
        world.now,
      );
      expect(await world.store.queue.idempotency.get(new Uint8Array(32).fill(8), world.now)).toBeNull();
    });

    test("the first response to an idempotency key is kept, whichever process stored it", async () => {
      await using world = await Furnished.open(open);
      const beside = await world.openBeside();
      const put = ({ queue }: Store, body: string) =>
        queue.idempotency.put(
          { key, expiresAt: world.now + 1000, bodyHash: null },
          { kind: "text", status: 200, body },
          world.now,
        );
      await put(beside, "first");
      await put(world.store, "second");
      expect(await world.store.queue.idempotency.get(key, world.now)).toMatchObject({ body: "first" });
      await beside.close();
    });

    test("an expired idempotency key can be used again", async () => {
      await using world = await Furnished.open(open);
      const put = (expiresAt: number, body: string) =>
        world.store.queue.idempotency.put(
          { key, expiresAt, bodyHash: null },
          { kind: "text", status: 200, body },
          world.now,
        );
      await put(world.now, "old");
      await put(world.now + 1000, "new");
      expect(await world.store.queue.idempotency.get(key, world.now)).toMatchObject({ body: "new" });
    });
  });
}
