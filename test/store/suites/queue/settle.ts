import { describe, expect, test } from "bun:test";
import type { Settlement } from "../../../../src/store/index.ts";
import { bytes, Furnished } from "../../furnished.ts";
import type { Open } from "../../store-under-test.ts";
import { redrive } from "./redrive.ts";

const delivered: Settlement["next"] = { state: "delivered" };
const dead: Settlement["next"] = { state: "dead", reason: "timeout" };

export function settleSuite(open: Open): void {
  describe("settle", () => {
    test("the result of `settle` shows that an endpoint has begun to fail or has recovered", async () => {
      await using world = await Furnished.open(open);
      const settled = async (next: Settlement["next"]) => {
        world.now += 1000;
        await world.send();
        const [delivery] = await world.waiting();
        const [result] = await world.store.queue.settle([world.settlement(delivery!, next)]);
        return result!.health;
      };
      const dead = { state: "dead", reason: "timeout" } as const;
      expect(await settled(delivered)).toBeNull();
      expect(await settled(dead)).toBe("failing");
      const failingSince = world.now;
      expect(await settled(dead)).toBeNull();
      expect(await settled(delivered)).toEqual({ recoveredFrom: failingSince });
      expect(await settled(delivered)).toBeNull();
      await world.reopen();
      expect(await settled(dead)).toBe("failing");
      await world.reopen();
      expect(await settled(dead)).toBeNull();
    });

    test("`settle` stores the attempt and ends a successful delivery", async () => {
      await using world = await Furnished.open(open);
      const message = await world.send();
      const [delivery] = await world.waiting();
      const settlement = world.settlement(delivery!, delivered, { attempt: { response: bytes("thanks") } });
      expect(await world.store.queue.settle([settlement])).toEqual([
        { change: "moved", next: delivered, disabled: null, health: null },
      ]);
      await world.reopen();
      expect(await world.waiting()).toEqual([]);
      expect(await world.delivery(message.seq)).toMatchObject({ state: "delivered", reason: null, attemptsTotal: 1 });
      expect(await world.store.history.attempts.get(message.seq, settlement.attempt.seq)).toEqual(settlement.attempt);
    });

    test("`settle` moves a delivery that will be retried to its new position", async () => {
      await using world = await Furnished.open(open);
      const message = await world.send();
      const [delivery] = await world.waiting();
      const [dueAt, position] = [world.now + 5000, world.seqs.next()];
      const settled = await world.settle(delivery!, { state: "pending", attempts: 1, dueAt, position });
      expect(settled).toBe("moved");
      expect(await world.waiting()).toEqual([{ ...delivery!, attempts: 1, dueAt, position }]);
      expect(await world.delivery(message.seq)).toMatchObject({ state: "pending", attemptsTotal: 1, dueAt });
    });

    test("`settle` turns a delivery without attempts left into a dead letter", async () => {
      await using world = await Furnished.open(open);
      const message = await world.send();
      const [delivery] = await world.waiting();
      expect(await world.settle(delivery!, dead)).toBe("moved");
      expect(await world.waiting()).toEqual([]);
      expect(await world.delivery(message.seq)).toMatchObject({ state: "dead", reason: "timeout", attemptsTotal: 1 });
    });

    test.each(["delivered", "dead"] as const)(
      "`settle` stores no attempt if its message has been deleted (%s)",
      async (state) => {
        await using world = await Furnished.open(open);
        await world.send();
        const [delivery] = await world.waiting();
        await world.store.queue.bury(world.endpoint.seq, "cancelled", world.now, 10);
        await world.store.housekeeping.prune(world.now + 1000, world.now + 1000, 100);
        expect(await world.settle(delivery!, { delivered, dead }[state])).toBe("stale");
        const page = { limit: 10, from: null, backwards: false, order: "descending" } as const;
        const { rows } = await world.store.history.attempts.ofEndpoint(world.endpoint.seq, {}, page, false);
        expect(rows).toEqual([]);
      },
    );

    test.each(["delivered", "pending", "dead"] as const)(
      "`settle` stores the attempt but does not change a delivery that has been resent (%s)",
      async (state) => {
        await using world = await Furnished.open(open);
        const message = await world.send();
        const [delivery] = await world.waiting();
        await world.store.queue.resend(message.seq, world.endpoint.seq, {
          seq: world.seqs.next(),
          position: world.seqs.next(),
          now: world.now,
        });
        const [resent] = await world.waiting();
        const pending = { state: "pending", attempts: 1, dueAt: world.now + 1, position: 1 } as const;
        const next = { delivered, pending, dead }[state];
        const settlement = world.settlement(delivery!, next);
        expect(await world.store.queue.settle([settlement])).toEqual([
          { change: "stale", next, disabled: null, health: state === "delivered" ? null : "failing" },
        ]);
        expect(await world.waiting()).toEqual([resent!]);
        expect(await world.store.history.attempts.get(message.seq, settlement.attempt.seq)).toEqual(settlement.attempt);
      },
    );

    test("`settle` revives a delivery that was buried during a successful attempt", async () => {
      await using world = await Furnished.open(open);
      const message = await world.send();
      const [delivery] = await world.waiting();
      await world.buryDead();
      expect(await world.settle(delivery!, delivered)).toBe("revived");
      expect(await world.delivery(message.seq)).toMatchObject({ state: "delivered", reason: null });
    });

    test("`settle` does not revive a delivery that was buried during a failed attempt", async () => {
      await using world = await Furnished.open(open);
      const message = await world.send();
      const [delivery] = await world.waiting();
      await world.buryDead();
      expect(await world.settle(delivery!, dead)).toBe("stale");
      expect(await world.delivery(message.seq)).toMatchObject({ state: "dead", reason: "disabled" });
    });

    test("`settle` leaves a cancelled delivery cancelled, whatever the outcome of the attempt", async () => {
      await using world = await Furnished.open(open);
      const message = await world.send();
      const [delivery] = await world.waiting();
      await world.store.queue.bury(world.endpoint.seq, "cancelled", world.now, 10);
      expect(await world.settle(delivery!, delivered)).toBe("stale");
      expect(await world.delivery(message.seq)).toMatchObject({ state: "cancelled" });
    });

    test("`settle` does not end a redriven delivery when an attempt from before the redrive succeeds", async () => {
      await using world = await Furnished.open(open);
      await world.send();
      const [delivery] = await world.waiting();
      await world.buryDead();
      const filter = { environmentSeq: world.environment.seq };
      await redrive(world, filter, { after: 0, limit: 10 });
      expect(await world.settle(delivery!, delivered)).toBe("stale");
      expect(await world.waiting()).toHaveLength(1);
    });

    test("`settle` does not revive a dead letter of a later round", async () => {
      await using world = await Furnished.open(open);
      const message = await world.send();
      const [first] = await world.waiting();
      await world.store.queue.resend(message.seq, world.endpoint.seq, {
        seq: world.seqs.next(),
        position: world.seqs.next(),
        now: world.now,
      });
      await world.kill("timeout");
      expect(await world.settle(first!, delivered)).toBe("stale");
      expect(await world.delivery(message.seq)).toMatchObject({ state: "dead", reason: "timeout" });
    });

    test("`settle` returns the results of a batch in order", async () => {
      await using world = await Furnished.open(open);
      await world.sendMany(3);
      const [one, two, three] = await world.waiting();
      await world.settle(two!, delivered);
      const batch = [one!, two!, three!].map((delivery) => world.settlement(delivery, delivered));
      const settled = await world.store.queue.settle(batch);
      expect(settled.map(({ change }) => change)).toEqual(["moved", "stale", "moved"]);
    });

    test("`settle` can disable the endpoint in the same commit, and leaves its pending deliveries for `bury`", async () => {
      await using world = await Furnished.open(open);
      await world.sendMany(2);
      const [one, two] = await world.waiting();
      world.now += 5;
      await world.settle(one!, dead, { disableEndpoint: true });
      await world.reopen();
      expect(await world.store.configuration.endpoints.get(world.endpoint.seq)).toMatchObject({
        disabled: true,
        updatedAt: world.now,
      });
      expect(await world.waiting()).toEqual([two!]);
    });

    test("`settle` does not change an endpoint that has been deleted", async () => {
      await using world = await Furnished.open(open);
      await world.send();
      const [delivery] = await world.waiting();
      await world.store.configuration.endpoints.delete(world.endpoint.seq, world.now);
      await world.settle(delivery!, dead, { disableEndpoint: true });
      expect(await world.store.configuration.endpoints.get(world.endpoint.seq)).toMatchObject({
        disabled: false,
        deleted: true,
      });
    });
  });
}
