import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Facts } from "../../src/core/facts.ts";
import { type Service, ServiceStack } from "../../src/core/service.ts";
import { assemble, type Kernel } from "../../src/kernel.ts";
import { openMemoryStore } from "../../src/store/sqlite/index.ts";
import { VirtualClock } from "../sim/clock.ts";
import { Dice } from "../sim/dice.ts";
import { MINUTE, policy } from "../support/engine-world.ts";
import { memoryDatabase } from "../support/memory-database.ts";

const NEVER = new Promise<never>(() => {});

interface Bench {
  readonly kernel: Kernel;
  readonly clock: VirtualClock;
  /** Advances the time until `work` is done. */
  run<T>(work: Promise<T>): Promise<T>;
}

/** A kernel on a virtual clock. No service is started. */
function bench(): Bench {
  const clock = new VirtualClock(Date.UTC(2026, 0, 1));
  const facts = new Facts();
  const { store } = openMemoryStore(memoryDatabase(), clock.ofProcess(1), (fact) => facts.state(fact));
  const dice = new Dice(1);
  const ports = {
    clock: clock.ofProcess(1),
    random: dice,
    transport: { send: () => NEVER },
    resolver: { resolve: () => NEVER },
  };
  const kernel = assemble({ store, facts, ports, settings: { ...policy, backlogThresholdMs: MINUTE } });
  return {
    kernel,
    clock,
    async run(work) {
      let isDone = false;
      const done = () => {
        isDone = true;
      };
      work.then(done, done);
      await macrotask();
      while (!isDone) {
        clock.next()?.task();
        await macrotask();
      }
      return work;
    },
  };
}

function macrotask(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Names of the services of a kernel. */
const NAMES = [
  "clockTrust",
  "operational",
  "socketConsumers",
  "consumerGuard",
  "engine",
  "backlogWatch",
  "retention",
  "series",
  "cron",
  "consumers",
  "sourceCounter",
] as const;

describe("the services of the kernel", () => {
  test("the list in this test names every service of the kernel", () => {
    const { kernel } = bench();
    expect(new Set(kernel.services)).toEqual(new Set<Service>(NAMES.map((name) => kernel[name])));
  });

  const plans = fc.array(fc.record({ call: fc.constantFrom("start", "stop"), turns: fc.nat(2) }), { maxLength: 8 });

  test.each(NAMES)(
    "the service %s can be started and stopped in any order, even at the same time, and leaves no timer behind",
    async (name) => {
      await fc.assert(
        fc.asyncProperty(plans, async (plan) => {
          const { kernel, clock, run } = bench();
          const service: Service = kernel[name];
          const running: Promise<void>[] = [];
          for (const { call, turns } of plan) {
            for (let i = 0; i < turns; i++) clock.next()?.task();
            await macrotask();
            running.push(call === "start" ? service.start() : service.stop());
          }
          await run(Promise.all([...running, service.stop()]));
          expect(clock.next()).toBeNull();
        }),
        { numRuns: 40 },
      );
    },
  );

  test("all services can stop at the same time while they are working, and leave no timer behind", async () => {
    for (let steps = 0; steps < 30; steps++) {
      const { kernel, clock, run } = bench();
      const stack = new ServiceStack(kernel.services);
      await run(stack.start());
      for (let i = 0; i < steps; i++) {
        clock.next()?.task();
        await macrotask();
      }
      await run(stack.stop());
      expect(clock.next()).toBeNull();
    }
  });
});
