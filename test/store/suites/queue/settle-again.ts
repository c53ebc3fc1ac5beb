import { describe, expect, test } from "bun:test";
import type { Settlement } from "../../../../src/store/index.ts";
import { Furnished } from "../../furnished.ts";
import { ALL } from "../../pages.ts";
import type { Open } from "../../store-under-test.ts";

/** Returns all data that a settlement may change. */
async function pictureOf(world: Furnished, messageSeq: number) {
  const { attempts, messages } = world.store.history;
  return {
    endpoint: await world.store.configuration.endpoints.get(world.endpoint.seq),
    deliveries: await messages.deliveries(messageSeq),
    waiting: await world.waiting(),
    attempts: await attempts.ofMessage(messageSeq, {}, ALL, true),
    found: await attempts.ofEndpoint(world.endpoint.seq, { eventTypes: ["order.paid"] }, ALL, false),
  };
}

/**
 * If the connection breaks during a commit, the writer does not know whether the commit took
 * effect, and repeats it.
 */
export function settleAgainSuite(open: Open): void {
  describe("repeated settlements", () => {
    const nexts: [string, Settlement["next"], Partial<Settlement>][] = [
      ["delivered", { state: "delivered" }, {}],
      ["pending", { state: "pending", attempts: 1, dueAt: 5, position: 7 }, {}],
      ["dead", { state: "dead", reason: "timeout" }, {}],
      ["dead at an endpoint that is gone", { state: "dead", reason: "status_4xx" }, { disableEndpoint: true }],
      [
        "dead instead of pending at an endpoint that is gone",
        { state: "pending", attempts: 1, dueAt: 5, position: 7 },
        { disableEndpoint: true },
      ],
      [
        "pending at an endpoint that has failed for too long",
        { state: "pending", attempts: 1, dueAt: 5, position: 7 },
        { disableAfterMs: 1 },
      ],
    ];
    test.each(nexts)(
      "a repeated settlement changes nothing and has the same result except for the endpoint's health (%s)",
      async (_, next, change) => {
        await using world = await Furnished.open(open);
        const message = await world.send();
        await world.store.configuration.endpoints.update(world.endpoint.seq, () => ({ failingSince: world.now }));
        world.now += 1000;
        const [delivery] = await world.waiting();
        const settlement = world.settlement(delivery!, next, change);
        const first = await world.store.queue.settle([settlement]);
        const before = await pictureOf(world, message.seq);
        expect(await world.store.queue.settle([settlement])).toEqual([{ ...first[0]!, health: null }]);
        expect(await pictureOf(world, message.seq)).toEqual(before);
        await world.reopen();
        expect(await world.store.queue.settle([settlement])).toEqual([{ ...first[0]!, health: null }]);
        expect(await pictureOf(world, message.seq)).toEqual(before);
      },
    );

    test.each([
      ["cancelled", { state: "delivered" }],
      ["dead", { state: "dead", reason: "timeout" }],
    ] as const)(
      "a settlement of a buried delivery is stale, and stays stale when it is repeated (%s)",
      async (state, next) => {
        await using world = await Furnished.open(open);
        const message = await world.send();
        const [delivery] = await world.waiting();
        if (state === "dead") await world.buryDead();
        else await world.store.queue.bury(world.endpoint.seq, state, world.now, 10);
        const settlement = world.settlement(delivery!, next);
        for (let i = 0; i < 2; i++) {
          expect(await world.store.queue.settle([settlement])).toMatchObject([{ change: "stale" }]);
        }
        expect(await world.delivery(message.seq)).toMatchObject({ state, attemptsTotal: 0 });
      },
    );

    test("a repeated settlement does not end the next round", async () => {
      await using world = await Furnished.open(open);
      const message = await world.send();
      const [delivery] = await world.waiting();
      const settlement = world.settlement(delivery!, { state: "dead", reason: "timeout" });
      await world.store.queue.settle([settlement]);
      const position = world.seqs.next();
      await world.store.queue.resend(message.seq, world.endpoint.seq, { seq: position, position, now: world.now });
      expect(await world.store.queue.settle([settlement])).toMatchObject([{ change: "stale" }]);
      expect(await world.waiting()).toMatchObject([{ seq: delivery!.seq, round: 1 }]);
    });
  });
}
