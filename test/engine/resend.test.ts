import { describe, expect, test } from "bun:test";
import { resend } from "../../src/commands/resend.ts";
import type { Endpoint, Ordering, Queue } from "../../src/store/index.ts";
import { EngineWorld, MINUTE, SECOND } from "../support/engine-world.ts";
import { storeWith } from "../support/store-with.ts";

const orderings: readonly Ordering[] = ["parallel", "fifo"];
const everyCase = orderings.flatMap((ordering) => [200, 500].map((status) => [ordering, status] as const));

/**
 * The first attempt of the second message ends with `status` after a second. All other attempts
 * succeed immediately.
 */
function behaviour(status: number) {
  return (message: number, attempt: number) =>
    message === 2 && attempt === 1 ? { status, afterMs: SECOND } : { status: 200 };
}

/** Creates a proven endpoint, whose lane reads ahead while an attempt is under way. */
async function provenEndpoint(world: EngineWorld, ordering: Ordering, status: number): Promise<Endpoint> {
  const endpoint = await world.endpoint("a.example", behaviour(status), { ordering });
  await world.send(endpoint);
  await world.rest();
  return endpoint;
}

describe("a message that is resent while an attempt is under way", () => {
  test.each(everyCase)(
    "a message that is resent during an attempt is sent once more (%s lane, first response %d)",
    async (ordering, status) => {
      for (const afterMs of [1, 500, 999, 1000, 1001]) {
        using world = await EngineWorld.open({ policy: { retryScheduleMs: [MINUTE] } });
        const endpoint = await provenEndpoint(world, ordering, status);
        const [message] = await world.send(endpoint);
        await world.pass(afterMs);
        await world.resend(message!, endpoint);
        await world.pass(30 * SECOND);
        expect({ afterMs, order: world.order("a.example") }).toEqual({ afterMs, order: [1, 2, 2] });
        expect(await world.states([message!])).toEqual(["delivered"]);
      }
    },
  );

  test.each(everyCase)(
    "in a lane with other messages, a message that is resent during an attempt is sent once more (%s lane, first response %d)",
    async (ordering, status) => {
      for (const others of [3, 300]) {
        using world = await EngineWorld.open({ policy: { retryScheduleMs: [MINUTE] } });
        const endpoint = await provenEndpoint(world, ordering, status);
        const [message, ...rest] = await world.send(endpoint, 1 + others);
        await world.pass(500);
        await world.resend(message!, endpoint);
        await world.pass(30 * SECOND);
        expect(world.order("a.example").filter((number) => number === 2)).toHaveLength(2);
        expect(new Set(await world.states([message!, ...rest]))).toEqual(new Set(["delivered"]));
      }
    },
  );
});

describe("a message that is resent at the moment of its settlement", () => {
  type Settle = (settle: Queue["settle"], again: () => Promise<unknown>, pause: () => Promise<void>) => Queue["settle"];
  const moments: Record<string, Settle> = {
    "the resend comes first in the same commit": (settle, again) => (settlements) => {
      void again();
      return settle(settlements);
    },
    "the resend comes last in the same commit": (settle, again) => (settlements) => {
      const settling = settle(settlements);
      void again();
      return settling;
    },
    "the resend comes between the settlement's commit and its result":
      (settle, again, pause) => async (settlements) => {
        const settled = await settle(settlements);
        await again();
        await pause();
        return settled;
      },
    "the resend is committed first, and the settlement's result arrives late":
      (settle, again, pause) => async (settlements) => {
        await again();
        const settled = await settle(settlements);
        await pause();
        return settled;
      },
  };

  for (const [moment, around] of Object.entries(moments)) {
    test.each(everyCase)(
      `a message that is resent during its settlement is sent once more: ${moment} (%s lane, first response %d)`,
      async (ordering, status) => {
        let again: (() => Promise<unknown>) | null = null;
        using world = await EngineWorld.open({
          policy: { retryScheduleMs: [MINUTE] },
          wrapStore: (store, clock) =>
            storeWith(store, {
              queue: {
                settle: (settlements) => {
                  if (again === null) return store.queue.settle(settlements);
                  const command = again;
                  again = null;
                  const pause = () => new Promise<void>((resolve) => clock.after(50, resolve));
                  return around(store.queue.settle, command, pause)(settlements);
                },
              },
            }),
        });
        const endpoint = await provenEndpoint(world, ordering, status);
        const [seq] = await world.send(endpoint);
        const message = (await world.store.history.messages.get(seq!))!;
        const known = { seq: message.seq, hasPayload: message.payload !== null };
        again = () => resend(world.kernel, { application: world, message: known, endpoint });
        await world.pass(30 * SECOND);
        expect(world.order("a.example")).toEqual([1, 2, 2]);
        expect(await world.states([seq!])).toEqual(["delivered"]);
      },
    );
  }
});

describe("a message that is resent after a restart", () => {
  test.each(orderings)(
    "a message that is resent after a restart is sent although the queue of its endpoint was empty (%s lane)",
    async (ordering) => {
      using world = await EngineWorld.open();
      const endpoint = await world.endpoint("a.example", 200, { ordering });
      const [message] = await world.send(endpoint);
      await world.rest();
      await world.restart();
      await world.resend(message!, endpoint);
      await world.rest();
      expect(world.order("a.example")).toEqual([1, 1]);
    },
  );
});
