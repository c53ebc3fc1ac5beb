import { describe, expect, test } from "bun:test";
import { LeaseLost, type Store, StoreUnavailable } from "../../src/store/index.ts";
import { EngineWorld, SECOND } from "../support/engine-world.ts";
import { storeWith } from "../support/store-with.ts";

const DEAD = 30;

/** Opens a world with dead letters of an endpoint that works again. */
async function worldWithDead(wrapStore: (store: Store) => Store): Promise<EngineWorld> {
  const world = await EngineWorld.open({ policy: { retryScheduleMs: [] }, wrapStore });
  await world.send(await world.endpoint("a.example", 500), DEAD);
  await world.rest();
  world.behave("a.example", 200);
  world.starts.length = 0;
  return world;
}

function taskOf(world: EngineWorld, seq: number) {
  return world.store.housekeeping.tasks.get(world.environmentSeq, seq);
}

describe("a task whose writes have an unknown outcome", () => {
  test.each(["step", "update"])(
    "a task whose writes have an unknown outcome does all its work once and counts it once (%s)",
    async (which) => {
      let calls = 0;
      let breaks = () => {};
      /**
       * Lets every write commit, but breaks the connection before the result of every second write
       * arrives.
       */
      const broken = async <T>(write: Promise<T>): Promise<T> => {
        const result = await write;
        if (++calls % 2 === 1) return result;
        breaks();
        throw new StoreUnavailable("planted");
      };
      using world = await worldWithDead((store) =>
        storeWith(store, {
          queue: which === "step" ? { redrive: (...args) => broken(store.queue.redrive(...args)) } : {},
          housekeeping:
            which === "update"
              ? {
                  tasks: {
                    ...store.housekeeping.tasks,
                    update: (task) => broken(store.housekeeping.tasks.update(task)),
                  },
                }
              : {},
        }),
      );
      breaks = () => world.kernel.signals.send({ type: "store.changed" });
      const task = await world.redrive(10);
      await world.rest();
      expect(calls).toBeGreaterThan(4);
      expect(world.starts).toHaveLength(DEAD);
      expect(await taskOf(world, task)).toMatchObject({ status: "finished", data: { redriven: DEAD } });
    },
  );
});

describe("a task that another process has taken over", () => {
  test.each(["step", "update"])(
    "a task that another process has taken over is abandoned immediately (%s)",
    async (which) => {
      let isTaken = false;
      const lost = () => Promise.reject(new LeaseLost(1));
      using world = await worldWithDead((store) => {
        const { tasks } = store.housekeeping;
        return storeWith(store, {
          queue: { redrive: (...args) => (isTaken && which === "step" ? lost() : store.queue.redrive(...args)) },
          housekeeping: {
            tasks: { ...tasks, update: (task) => (isTaken && which === "update" ? lost() : tasks.update(task)) },
          },
        });
      });
      const seq = await world.redrive(10);
      await world.pass(SECOND);
      isTaken = true;
      await world.pass(SECOND);
      const before = await taskOf(world, seq);
      isTaken = false;
      await world.rest();
      expect(before).toMatchObject({ status: "running" });
      expect(await taskOf(world, seq)).toEqual(before);
      expect([world.factsOf("task.ended"), world.factsOf("defect.found")]).toEqual([[], []]);
    },
  );
});
