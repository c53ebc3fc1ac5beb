import { describe, expect, test } from "bun:test";
import type { Delivery, DeliveryState, PendingDelivery, Task } from "../../../../src/store/index.ts";
import { Furnished } from "../../furnished.ts";
import type { Open } from "../../store-under-test.ts";

/** Possible transitions, as `src/README.md` lists them. A resend restarts any delivery. */
const TRANSITIONS: Readonly<Record<DeliveryState, readonly DeliveryState[]>> = {
  pending: ["pending", "delivered", "dead", "cancelled"],
  delivered: ["delivered", "pending"],
  dead: ["dead", "pending", "delivered", "cancelled"],
  cancelled: ["cancelled", "pending"],
};

const STATES = Object.keys(TRANSITIONS) as DeliveryState[];

/** A delivery and the attempt that is under way when a verb changes the delivery. */
interface Case {
  readonly world: Furnished;
  readonly underWay: PendingDelivery;
}

/** Every verb that may change the state of a delivery. */
const VERBS: Readonly<Record<string, (of: Case) => Promise<unknown>>> = {
  "settle as delivered": ({ world, underWay }) => world.settle(underWay, { state: "delivered" }),
  "settle as dead": ({ world, underWay }) => world.settle(underWay, { state: "dead", reason: "timeout" }),
  "settle as pending": ({ world, underWay }) =>
    world.settle(underWay, { state: "pending", attempts: 1, dueAt: world.now + 5000, position: world.seqs.next() }),
  "bury as dead": ({ world }) => world.buryDead(),
  "bury as cancelled": ({ world }) => world.store.queue.bury(world.endpoint.seq, "cancelled", world.now, 10),
  resend: ({ world, underWay }) =>
    world.store.queue.resend(underWay.messageSeq, underWay.endpointSeq, {
      seq: world.seqs.next(),
      position: world.seqs.next(),
      now: world.now,
    }),
  redrive: async ({ world }) => {
    const task = await startedTask(world);
    const range = { after: 0, limit: 10 };
    const at = { first: world.seqs.next(), now: world.now };
    await world.store.queue.redrive({ environmentSeq: world.environment.seq }, range, at, () => task);
  },
  "drop dead letters": ({ world }) => world.store.queue.drop({ environmentSeq: world.environment.seq }, 10),
  expunge: ({ world, underWay }) => world.store.queue.expunge.message(underWay.messageSeq),
};

/** Functions that bring a new delivery into each state. */
const ENTER: Readonly<Record<DeliveryState, (of: Case) => Promise<unknown>>> = {
  pending: async () => {},
  delivered: VERBS["settle as delivered"]!,
  dead: ({ world }) => world.buryDead(),
  cancelled: VERBS["bury as cancelled"]!,
};

async function startedTask(world: Furnished): Promise<Task> {
  const { environment, now } = world;
  const task = { seq: world.seqs.next(), environmentSeq: environment.seq, kind: "test", data: {}, updatedAt: now };
  await world.store.housekeeping.tasks.create({ ...task, status: "running" });
  return { ...task, status: "running" };
}

async function caseIn(open: Open, state: DeliveryState): Promise<Case> {
  const world = await Furnished.open(open);
  await world.send();
  const of = { world, underWay: (await world.waiting())[0]! };
  await ENTER[state](of);
  return of;
}

function deliveryOf({ world, underWay }: Case): Promise<Delivery> {
  return world.delivery(underWay.messageSeq);
}

export function transitionsSuite(open: Open): void {
  describe("transitions", () => {
    test.each(STATES)(
      "the verbs of the queue move a delivery that is %s to all documented states and no others, and only dead ones have a reason",
      async (from) => {
        const reached = new Set<DeliveryState>();
        for (const verb of Object.values(VERBS)) {
          const of = await caseIn(open, from);
          await using _ = of.world;
          expect((await deliveryOf(of)).state).toBe(from);
          await verb(of);
          const { state, reason } = await deliveryOf(of);
          expect(reason !== null).toBe(state === "dead");
          reached.add(state);
        }
        expect([...reached].sort()).toEqual([...TRANSITIONS[from]].sort());
      },
    );
  });
}
