import { describe, expect, test } from "bun:test";
import { Facts } from "../../src/core/facts.ts";
import type { Seq } from "../../src/core/id.ts";
import { ClaimKeeper } from "../../src/deliver/claim-keeper.ts";
import type { RedriveData } from "../../src/deliver/tasks/redrive.ts";
import { type Claim, type Queue, StoreUnavailable, type Task } from "../../src/store/index.ts";
import { VirtualClock } from "../sim/clock.ts";
import { ClaimBoard } from "../support/claim-board.ts";
import { Cluster, VALID_MS } from "../support/engine-cluster.ts";
import { EngineWorld, MINUTE, type Reaction, SECOND } from "../support/engine-world.ts";
import { storeWith } from "../support/store-with.ts";

describe("a claim", () => {
  test("an engine serves the lanes that its claim covers, and no others", async () => {
    using cluster = await Cluster.open();
    const { world } = cluster;
    const [mine, theirs] = [await cluster.endpoint("one", 200), await cluster.endpoint("two", 200)];
    const messages = [...(await world.send(mine, 3)), ...(await world.send(theirs, 3))];
    await world.pass(SECOND);
    expect(cluster.servedBy(mine)).toEqual(["one", "one", "one"]);
    expect(cluster.servedBy(theirs)).toEqual(["two", "two", "two"]);
    expect(new Set(await world.states(messages))).toEqual(new Set(["delivered"]));
  });

  test("a claim is renewed before it expires", async () => {
    using cluster = await Cluster.open();
    const { world, board } = cluster;
    const endpoint = await cluster.endpoint("one", 200);
    board.calls.length = 0;
    await world.pass(MINUTE);
    expect(board.calls.filter((call) => call === "one renews").length).toBeWithin(11, 14);
    await world.send(endpoint);
    await world.pass(SECOND);
    expect(cluster.servedBy(endpoint)).toEqual(["one"]);
  });

  test("a claim that never expires is never renewed", async () => {
    let renewals = 0;
    using world = await EngineWorld.open({
      wrapStore: (store) =>
        storeWith(store, {
          queue: {
            renew: async (claim) => {
              renewals++;
              return claim;
            },
          },
        }),
    });
    await world.send(await world.endpoint("a.example", 200));
    await world.pass(24 * 60 * MINUTE);
    expect(renewals).toBe(0);
  });
});

describe("a lane that moves to another engine", () => {
  test.each(["parallel", "fifo"] as const)(
    "a %s lane can move back and forth between engines without losing a message",
    async (ordering) => {
      using cluster = await Cluster.open();
      const { world } = cluster;
      const behaviour = (_: number, attempt: number) => ({ status: attempt === 1 ? 500 : 200, afterMs: 700 });
      const endpoint = await cluster.endpoint("one", behaviour, { ordering, retryScheduleMs: Array(9).fill(SECOND) });
      const messages: Seq[] = [];
      for (let i = 0; i < 12; i++) {
        messages.push(...(await world.send(endpoint, 4)));
        await cluster.move(endpoint, i % 2 === 0 ? "two" : "one");
      }
      await world.pass(10 * MINUTE);
      expect(new Set(await world.states(messages))).toEqual(new Set(["delivered"]));
      expect(new Set(cluster.servedBy(endpoint))).toEqual(new Set(["one", "two"]));
      expect([cluster.one.engine.attemptsUnderWay, cluster.two.engine.attemptsUnderWay]).toEqual([0, 0]);
      expect(world.factsOf("defect.found")).toEqual([]);
    },
  );

  test("pending messages of a moved lane are sent once, by the new engine", async () => {
    using cluster = await Cluster.open();
    const { world } = cluster;
    const endpoint = await cluster.endpoint("one", 200, { paused: true });
    const messages = await world.send(endpoint, 300);
    await world.pass(SECOND);
    await cluster.move(endpoint, "two");
    await world.update(endpoint, { paused: false });
    await world.pass(10 * SECOND);
    expect(cluster.servedBy(endpoint)).toEqual(Array(300).fill("two"));
    expect(new Set(await world.states(messages))).toEqual(new Set(["delivered"]));
  });

  test("a message that is accepted while the lanes of a new claim are being found is sent after those that waited", async () => {
    using cluster = await Cluster.open();
    const { board, world } = cluster;
    const endpoint = await world.endpoint("of-nobody", 200);
    await world.send(endpoint, 3);
    const { promise, resolve } = Promise.withResolvers<void>();
    board.finding = promise;
    board.assign(endpoint.seq, "two");
    await world.pass(VALID_MS);
    await world.send(endpoint, 1, {}, cluster.two);
    await world.pass(SECOND);
    resolve();
    await world.pass(SECOND);
    expect(world.order("of-nobody")).toEqual([1, 2, 3, 4]);
  });

  test("when an engine gets back the claim that it had lost, messages that waited come before new ones", async () => {
    let validUntil = 0;
    let isCutOff = false;
    let finding: Promise<void> = Promise.resolve();
    // It covers the same lanes as before, so it is the same object.
    const claim: Claim = {
      get validUntil() {
        return validUntil;
      },
      owns: () => true,
    };
    using world = await EngineWorld.open({
      wrapStore: (store, clock) => {
        const grant = async () => {
          if (isCutOff) throw new StoreUnavailable("The store cannot be reached.");
          validUntil = clock.now() + VALID_MS;
          return claim;
        };
        const pendingLanes: Queue["pendingLanes"] = async (...args) => {
          await finding;
          return store.queue.pendingLanes(...args);
        };
        return storeWith(store, { queue: { claim: grant, renew: grant, pendingLanes } });
      },
    });
    const endpoint = await world.endpoint("a.example", 200, { ordering: "fifo" });
    isCutOff = true;
    await world.pass(2 * VALID_MS);
    await world.send(endpoint, 3);
    const { promise, resolve } = Promise.withResolvers<void>();
    finding = promise;
    isCutOff = false;
    await world.pass(SECOND);
    await world.send(endpoint);
    await world.pass(SECOND);
    resolve();
    await world.pass(SECOND);
    expect(world.order("a.example")).toEqual([1, 2, 3, 4]);
  });

  test("the old engine of a moved lane finishes the attempt under way but starts no other", async () => {
    using cluster = await Cluster.open();
    const { world } = cluster;
    const endpoint = await cluster.endpoint("one", { status: 200, afterMs: 14 * SECOND }, { ordering: "fifo" });
    const [first] = await world.send(endpoint, 3);
    await world.pass(SECOND);
    world.behave(new URL(endpoint.url).hostname, 200);
    await cluster.move(endpoint, "two");
    await world.pass(MINUTE);
    // The new engine cannot know that an attempt of the first message is under way, so it makes an
    // attempt too.
    expect(cluster.servedBy(endpoint)).toEqual(["one", "two", "two", "two"]);
    expect(await world.delivery(first!)).toMatchObject({ state: "delivered" });
    expect(world.factsOf("attempt.finished").map(({ next }) => next)).toContain("unchanged");
    expect(cluster.one.engine.attemptsUnderWay).toBe(0);
  });

  test("the old engine of a moved lane frees it as soon as the attempt under way has ended", async () => {
    using cluster = await Cluster.open();
    const { world, board } = cluster;
    const endpoint = await cluster.endpoint("one", { status: 200, afterMs: VALID_MS / 2 + 3 * SECOND });
    await world.send(endpoint);
    board.assign(endpoint.seq, "two");
    await world.pass(VALID_MS / 2 + SECOND);
    expect(board.lanesOf("one")).toEqual(new Set());
    board.calls.length = 0;
    await world.pass(SECOND);
    expect(board.calls).not.toContain("one renews");
    await world.pass(2 * SECOND);
    expect(board.calls).toContain("one renews");
  });

  test("a retry that the old engine has scheduled is made on time by the new engine", async () => {
    using cluster = await Cluster.open();
    const { world } = cluster;
    const endpoint = await cluster.endpoint(
      "one",
      { status: 500, afterMs: 14 * SECOND },
      { retryScheduleMs: [SECOND] },
    );
    const host = new URL(endpoint.url).hostname;
    const [message] = await world.send(endpoint);
    await world.pass(SECOND);
    // The new engine sends the message too, and the response asks for a wait of ten minutes.
    world.behave(host, (_, attempt) => (attempt === 2 ? { status: 503, retryAfter: "600" } : 200));
    await cluster.move(endpoint, "two");
    expect(cluster.servedBy(endpoint)).toEqual(["one", "two"]);
    // Then the old engine's attempt ends, and the message is due again a second later.
    await world.pass(10 * SECOND);
    await world.send(endpoint, 1, {}, cluster.two);
    await world.pass(SECOND);
    expect(cluster.servedBy(endpoint)).toEqual(["one", "two", "two", "two"]);
    expect(await world.states([message!])).toEqual(["delivered"]);
  });

  test("a lane that moves away and back during an attempt is served again by the first engine", async () => {
    using cluster = await Cluster.open({ deliveryTimeoutMs: 5 * MINUTE });
    const { world } = cluster;
    const hanging = (message: number, attempt: number): Reaction =>
      message === 2 && attempt === 1 ? { status: 200, afterMs: MINUTE } : 200;
    const endpoint = await cluster.endpoint("one", hanging);
    await world.send(endpoint);
    await world.pass(SECOND);
    await world.send(endpoint);
    await world.pass(SECOND);
    await cluster.move(endpoint, "two");
    await cluster.move(endpoint, "one");
    const messages = await world.send(endpoint, 3);
    await world.pass(100);
    expect(new Set(await world.states(messages))).toEqual(new Set(["delivered"]));
    expect(cluster.servedBy(endpoint).slice(-3)).toEqual(["one", "one", "one"]);
    expect(cluster.one.engine.attemptsUnderWay).toBe(1);
    await world.pass(2 * MINUTE);
    expect(cluster.one.engine.attemptsUnderWay).toBe(0);
  });
});

describe("an engine whose claim cannot be renewed", () => {
  test("an engine that cannot renew its claim stops serving when the claim expires, and another engine takes over", async () => {
    using cluster = await Cluster.open();
    const { world, board } = cluster;
    const endpoint = await cluster.endpoint("one", 200);
    await world.send(endpoint);
    await world.pass(SECOND);
    board.cutOff.add("one");
    board.assign(endpoint.seq, "two");
    await world.pass(2 * VALID_MS);
    const messages = await world.send(endpoint, 2);
    await world.pass(SECOND);
    expect(cluster.servedBy(endpoint)).toEqual(["one", "two", "two"]);
    expect(new Set(await world.states(messages))).toEqual(new Set(["delivered"]));
  });

  test("an engine that can renew its claim again serves its lanes again", async () => {
    using cluster = await Cluster.open();
    const { world, board } = cluster;
    const endpoint = await cluster.endpoint("one", 200);
    board.cutOff.add("one");
    await world.pass(2 * VALID_MS);
    const messages = await world.send(endpoint, 2);
    await world.pass(MINUTE);
    expect(cluster.servedBy(endpoint)).toEqual([]);
    board.cutOff.delete("one");
    await world.pass(2 * SECOND);
    expect(cluster.servedBy(endpoint)).toEqual(["one", "one"]);
    expect(new Set(await world.states(messages))).toEqual(new Set(["delivered"]));
  });

  test("an engine keeps serving if renewals fail only for a shorter time than its claim is valid", async () => {
    using cluster = await Cluster.open();
    const { world, board } = cluster;
    const endpoint = await cluster.endpoint("one", 200);
    await world.pass(VALID_MS / 2 - 1);
    board.cutOff.add("one");
    await world.pass(VALID_MS / 2 - SECOND);
    board.cutOff.delete("one");
    for (let i = 0; i < 10; i++) {
      await world.send(endpoint);
      await world.pass(SECOND);
      expect(cluster.servedBy(endpoint)).toHaveLength(i + 1);
    }
  });
});

describe("an engine that stops", () => {
  test("an engine that stops releases its lanes when its attempts have ended", async () => {
    using cluster = await Cluster.open();
    const { world, board } = cluster;
    const endpoint = await cluster.endpoint("one", { status: 200, afterMs: 3 * SECOND }, { ordering: "fifo" });
    const messages = await world.send(endpoint, 2);
    await world.pass(SECOND);
    board.assign(endpoint.seq, "two");
    await world.do(() => cluster.one.engine.stop());
    expect(board.calls.at(-1)).toBe("one releases");
    expect(await world.states(messages)).toEqual(["delivered", "pending"]);
    await world.pass(VALID_MS);
    expect(cluster.servedBy(endpoint)).toEqual(["one", "two"]);
    expect(await world.states(messages)).toEqual(["delivered", "delivered"]);
  });

  test("an engine that stops keeps its claim while it waits for its attempts", async () => {
    using cluster = await Cluster.open({ shutdownTimeoutMs: MINUTE, deliveryTimeoutMs: MINUTE });
    const { world, board } = cluster;
    const endpoint = await cluster.endpoint("one", { status: 200, afterMs: 40 * SECOND });
    const messages = await world.send(endpoint);
    await world.pass(SECOND);
    board.assign(endpoint.seq, "two");
    board.calls.length = 0;
    await world.do(() => cluster.one.engine.stop());
    expect(board.calls.filter((call) => call === "one renews").length).toBeGreaterThan(3);
    expect(await world.states(messages)).toEqual(["delivered"]);
  });

  test("an engine that stops leaves lanes without attempts to others before its last attempt has ended", async () => {
    using cluster = await Cluster.open({ shutdownTimeoutMs: MINUTE, deliveryTimeoutMs: MINUTE });
    const { world, board } = cluster;
    const slow = await cluster.endpoint("one", { status: 200, afterMs: 40 * SECOND });
    await cluster.endpoint("one", 200);
    await world.send(slow);
    await world.pass(SECOND);
    expect(board.lanesOf("one").size).toBe(2);
    const stopped = cluster.one.engine.stop();
    await world.pass(SECOND);
    expect(board.lanesOf("one")).toEqual(new Set([slow.seq]));
    await world.pass(MINUTE);
    await stopped;
    expect(board.lanesOf("one")).toEqual(new Set());
  });

  test("an engine that stops while a result cannot be stored lets its claim expire instead of releasing it", async () => {
    const board = new ClaimBoard(VALID_MS);
    using world = await EngineWorld.open({
      policy: { shutdownTimeoutMs: SECOND },
      wrapStore: (store, clock) =>
        storeWith(board.for("one")(store, clock), { queue: { settle: () => new Promise(() => {}) } }),
    });
    const endpoint = await world.endpoint("a.example", 200);
    board.assign(endpoint.seq, "one");
    await world.pass(VALID_MS);
    await world.send(endpoint);
    await world.pass(SECOND);
    await world.do(() => world.engine.stop());
    expect(board.calls).not.toContain("one releases");
  });

  test("an engine that has stopped neither renews its claim nor serves lanes", async () => {
    using cluster = await Cluster.open();
    const { world, board } = cluster;
    const endpoint = await cluster.endpoint("one", 200);
    await world.do(() => cluster.one.engine.stop());
    board.calls.length = 0;
    await world.send(endpoint);
    await world.pass(MINUTE);
    expect(board.calls.filter((call) => call.startsWith("one"))).toEqual([]);
    expect(cluster.servedBy(endpoint)).toEqual([]);
  });
});

describe("background tasks", () => {
  test("an engine takes over the tasks of a process that has died", async () => {
    using cluster = await Cluster.open({ retryScheduleMs: [] });
    const { world, board } = cluster;
    const endpoint = await cluster.endpoint("one", 500);
    const messages = await world.send(endpoint, 5);
    await world.pass(SECOND);
    world.behave(new URL(endpoint.url).hostname, 200);
    const data: RedriveData = { filter: { environmentSeq: world.environmentSeq }, rate: 50, redriven: 0, after: 0 };
    const task: Task = {
      seq: world.seqs.next(),
      environmentSeq: world.environmentSeq,
      kind: "dead-letter.redrive",
      status: "running",
      data: { ...data },
      updatedAt: world.now,
    };
    await world.do(() => world.store.housekeeping.tasks.create(task));
    board.orphans.push(task);
    // The lanes of that process go to others.
    await cluster.endpoint("one", 200);
    expect(new Set(await world.states(messages))).toEqual(new Set(["delivered"]));
    expect(await world.store.housekeeping.tasks.get(world.environmentSeq, task.seq)).toMatchObject({
      status: "finished",
      data: { redriven: 5 },
    });
  });
});

describe("the renewals of a claim", () => {
  interface Fake {
    readonly claim: Claim & { validUntil: number };
    readonly renewals: Array<PromiseWithResolvers<Claim>>;
    readonly events: string[];
    readonly keeper: ClaimKeeper;
    pass(ms: number): Promise<void>;
  }

  function fake(): Fake {
    const clock = new VirtualClock(0);
    const claim = { validUntil: VALID_MS, owns: () => true };
    const renewals: Array<PromiseWithResolvers<Claim>> = [];
    const events: string[] = [];
    const queue = {
      claim: async () => claim,
      renew: () => {
        const renewal = Promise.withResolvers<Claim>();
        renewals.push(renewal);
        return renewal.promise;
      },
      release: async () => void events.push("released"),
    };
    const keeper = new ClaimKeeper({
      ...{ clock: clock.ofProcess(0), facts: new Facts(), queue },
      wishes: () => ({ preferred: [], kept: null }),
      onChanged: () => events.push("changed"),
      onLost: () => events.push("lost"),
    });
    const pass = async (ms: number) => {
      const until = clock.now + ms;
      while (clock.peek() <= until) clock.next()!.task();
      clock.skip(until - clock.now);
      await new Promise((resolve) => setImmediate(resolve));
    };
    return { claim, renewals, events, keeper, pass };
  }

  test("no change is reported if a claim is renewed in time and stays the same", async () => {
    const { claim, renewals, events, keeper, pass } = fake();
    await keeper.acquire();
    await pass(VALID_MS / 2);
    claim.validUntil = 1.5 * VALID_MS;
    renewals[0]!.resolve(claim);
    await pass(VALID_MS / 2 - 1);
    expect([events, keeper.owns(1)]).toEqual([[], true]);
  });

  test("a claim that the store extends while a renewal takes long is lost only when the extended time ends", async () => {
    const { claim, events, keeper, pass } = fake();
    await keeper.acquire();
    await pass(VALID_MS / 2);
    claim.validUntil = 2 * VALID_MS;
    await pass(VALID_MS);
    expect([events, keeper.owns(1)]).toEqual([[], true]);
    await pass(VALID_MS / 2);
    expect([events, keeper.owns(1)]).toEqual([["lost"], false]);
  });

  test("a change is reported if a claim is renewed only after it has expired, even if it stays the same", async () => {
    const { claim, renewals, events, keeper, pass } = fake();
    await keeper.acquire();
    await pass(VALID_MS);
    expect([events, keeper.owns(1)]).toEqual([["lost"], false]);
    claim.validUntil = 3 * VALID_MS;
    renewals[0]!.resolve(claim);
    await pass(1);
    expect([events, keeper.owns(1)]).toEqual([["lost", "changed"], true]);
  });

  test("a claim is renewed again if lanes become free during a renewal", async () => {
    const { claim, renewals, keeper, pass } = fake();
    await keeper.acquire();
    await pass(VALID_MS / 2);
    keeper.renew();
    await pass(1);
    expect(renewals).toHaveLength(1);
    claim.validUntil = 1.5 * VALID_MS;
    renewals[0]!.resolve(claim);
    await pass(0);
    await pass(1);
    expect(renewals).toHaveLength(2);
  });

  test("a renewal because lanes became free replaces the next scheduled one", async () => {
    const { claim, renewals, keeper, pass } = fake();
    await keeper.acquire();
    keeper.renew();
    await pass(1);
    expect(renewals).toHaveLength(1);
    claim.validUntil = 2 * VALID_MS;
    renewals[0]!.resolve(claim);
    await pass(VALID_MS / 2);
    expect(renewals).toHaveLength(1);
  });

  test("releasing a claim waits for the renewal under way, and no further renewal follows", async () => {
    const { renewals, events, keeper, pass } = fake();
    await keeper.acquire();
    await pass(VALID_MS / 2);
    const released = keeper.release();
    await pass(VALID_MS);
    expect(events).toEqual([]);
    renewals[0]!.reject(new StoreUnavailable("away"));
    await released;
    await pass(10 * VALID_MS);
    expect([events, renewals.length, keeper.owns(1)]).toEqual([["released"], 1, false]);
  });
});
