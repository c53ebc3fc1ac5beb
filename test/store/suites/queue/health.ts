import { describe, expect, test } from "bun:test";
import type { Settlement } from "../../../../src/store/index.ts";
import { Furnished } from "../../furnished.ts";
import type { Open } from "../../store-under-test.ts";

const delivered: Settlement["next"] = { state: "delivered" };
const dead: Settlement["next"] = { state: "dead", reason: "timeout" };

/** An endpoint with attempts that ended one second apart and are not stored yet. */
class Health implements AsyncDisposable {
  private constructor(
    readonly world: Furnished,
    readonly ended: readonly Settlement[],
  ) {}

  static async open(open: Open, results: readonly Settlement["next"][]): Promise<Health> {
    const world = await Furnished.open(open);
    await world.sendMany(results.length);
    const waiting = await world.waiting();
    const ended = results.map((next, i) => {
      world.now += 1000;
      return world.settlement(waiting[i]!, next, { attempt: { durationMs: 0 } });
    });
    return new Health(world, ended);
  }

  [Symbol.asyncDispose](): PromiseLike<void> {
    return this.world[Symbol.asyncDispose]();
  }

  /**
   * Stores the attempts with these indexes. Returns the index of the attempt since which the
   * endpoint has been failing, or null if the endpoint is healthy.
   */
  async store(...indexes: readonly number[]): Promise<number | null> {
    const { queue, configuration } = this.world.store;
    await queue.settle(indexes.map((index) => this.ended[index]!));
    const { failingSince } = (await configuration.endpoints.get(this.world.endpoint.seq))!;
    return failingSince === null ? null : this.ended.findIndex(({ settledAt }) => settledAt === failingSince);
  }
}

export function healthSuite(open: Open): void {
  describe("the health of an endpoint", () => {
    test("an endpoint is failing from its first failure until its next success", async () => {
      await using health = await Health.open(open, [delivered, dead, dead, delivered, delivered, dead]);
      expect(await health.store(0)).toBeNull();
      expect(await health.store(1)).toBe(1);
      expect(await health.store(2)).toBe(1);
      expect(await health.store(3)).toBeNull();
      expect(await health.store(4)).toBeNull();
      expect(await health.store(5)).toBe(5);
    });

    test("attempts that are settled in one call affect the endpoint's health in the given order", async () => {
      await using health = await Health.open(open, [dead, delivered, dead, dead]);
      expect(await health.store(0, 1)).toBeNull();
      expect(await health.store(2, 3)).toBe(2);
    });

    test("a failure that spares the endpoint leaves it healthy, or failing since its first failure", async () => {
      await using health = await Health.open(open, [dead, dead, dead, dead]);
      const { world, ended } = health;
      const { queue, configuration } = world.store;
      const spare = { ...ended[0]!, sparesEndpoint: true, disableAfterMs: 0 } as const;
      expect(await queue.settle([spare])).toMatchObject([{ change: "moved", disabled: null, health: null }]);
      expect((await configuration.endpoints.get(world.endpoint.seq))!.failingSince).toBeNull();
      expect(await health.store(1)).toBe(1);
      await queue.settle([{ ...ended[2]!, sparesEndpoint: true }]);
      expect(await health.store(3)).toBe(1);
    });

    test("a failure that is stored after a later success leaves the endpoint healthy", async () => {
      await using health = await Health.open(open, [dead, delivered]);
      expect(await health.store(1)).toBeNull();
      expect(await health.store(0)).toBeNull();
    });

    test("a success that is stored after a later failure leaves the endpoint failing since that failure", async () => {
      await using health = await Health.open(open, [dead, delivered, dead, dead]);
      expect(await health.store(0)).toBe(0);
      expect(await health.store(2)).toBe(0);
      expect(await health.store(3)).toBe(0);
      expect(await health.store(1)).toBe(2);
    });

    test("a success that is stored after a later success changes nothing", async () => {
      await using health = await Health.open(open, [delivered, dead, delivered, dead]);
      expect(await health.store(1, 2, 3)).toBe(3);
      expect(await health.store(0)).toBe(3);
    });

    test("an attempt affects the endpoint's health even if its delivery was resent before the attempt ended", async () => {
      await using health = await Health.open(open, [dead, delivered]);
      const { world } = health;
      for (const { attempt } of health.ended) {
        const position = world.seqs.next();
        await world.store.queue.resend(attempt.messageSeq, attempt.endpointSeq, { seq: position, position, now: 0 });
      }
      expect(await health.store(0)).toBe(0);
      expect(await health.store(1)).toBeNull();
    });
  });

  describe("an endpoint that fails for too long", () => {
    const pending = { state: "pending", attempts: 1, dueAt: 0, position: 1 } as const;

    /** Settles all ended attempts in one call, with this limit for disabling the endpoint. */
    function settleAll({ world, ended }: Health, disableAfterMs: number) {
      return world.store.queue.settle(ended.map((settlement) => ({ ...settlement, disableAfterMs })));
    }

    test("an endpoint is disabled by the first failure after the limit", async () => {
      await using health = await Health.open(open, [dead, dead, dead]);
      const settled = await settleAll(health, 2000);
      const failingSince = health.ended[0]!.settledAt;
      expect(settled.map(({ disabled }) => disabled)).toEqual([null, null, { cause: "failing", failingSince }]);
      const { store, endpoint } = health.world;
      expect(await store.configuration.endpoints.get(endpoint.seq)).toMatchObject({
        ...{ disabled: true, disabledCause: "failing", disabledAt: health.ended[2]!.settledAt },
      });
    });

    test("an endpoint stays enabled if a success has been stored since its first failure", async () => {
      await using health = await Health.open(open, [dead, delivered, dead]);
      const settled = await settleAll(health, 2000);
      expect(settled.map(({ disabled }) => disabled)).toEqual([null, null, null]);
      const { store, endpoint } = health.world;
      expect(await store.configuration.endpoints.get(endpoint.seq)).toMatchObject({ disabled: false });
    });

    test("a delivery that would be retried dies when its endpoint is disabled, and its attempt's `nextAttemptAt` is null", async () => {
      await using health = await Health.open(open, [dead, pending, pending]);
      const settled = await settleAll(health, 1000);
      expect(settled.map(({ next, disabled }) => [next, disabled?.cause])).toEqual([
        [dead, undefined],
        [{ state: "dead", reason: "disabled" }, "failing"],
        [{ state: "dead", reason: "disabled" }, undefined],
      ]);
      const { attempt } = health.ended[1]!;
      const { store } = health.world;
      expect(await health.world.delivery(attempt.messageSeq)).toMatchObject({ state: "dead", reason: "disabled" });
      expect(await store.history.attempts.get(attempt.messageSeq, attempt.seq)).toMatchObject({ nextAttemptAt: null });
    });

    test("a delivery without attempts left keeps its reason when its endpoint is disabled", async () => {
      await using health = await Health.open(open, [dead, dead]);
      const settled = await settleAll(health, 1000);
      expect(settled[1]).toMatchObject({ next: dead, disabled: { cause: "failing" } });
    });

    test.each(["disabled", "deleted"] as const)(
      "an endpoint that is already %s is not disabled again",
      async (state) => {
        await using health = await Health.open(open, [dead, dead]);
        const { store, endpoint, now } = health.world;
        if (state === "deleted") await store.configuration.endpoints.delete(endpoint.seq, now);
        else await store.configuration.endpoints.update(endpoint.seq, () => ({ disabled: true }));
        const settled = await settleAll(health, 1000);
        expect(settled.map(({ disabled }) => disabled)).toEqual([null, null]);
      },
    );
  });
}
