import { describe, expect, test } from "bun:test";
import { previewReplay } from "../../src/commands/replays.ts";
import type { Seq } from "../../src/core/id.ts";
import { PURGE, type PurgeData } from "../../src/deliver/tasks/purge.ts";
import type { ReplayData, ReplayTask } from "../../src/deliver/tasks/replay.ts";
import type { Endpoint, Task } from "../../src/store/index.ts";
import { Turns } from "../../src/store/turns.ts";
import { EngineWorld, HOUR, MINUTE, SECOND } from "../support/engine-world.ts";

async function start(world: EngineWorld, kind: string, data: Task["data"]): Promise<Seq> {
  const { environmentSeq } = world;
  const task: Task = { seq: world.seqs.next(), environmentSeq, kind, status: "running", data, updatedAt: world.now };
  await world.do(() => world.store.housekeeping.tasks.create(task));
  world.engine.startTask(task);
  return task.seq;
}

/** Starts a replay of all messages. */
function replay(world: EngineWorld, kind: ReplayTask, { seq: endpointSeq, applicationSeq }: Endpoint): Promise<Seq> {
  const data: ReplayData = { applicationSeq, endpointSeq, from: 0, to: world.seqs.next(), messagesSent: 0 };
  return start(world, kind, { ...data });
}

async function task(world: EngineWorld, seq: Seq): Promise<Pick<Task, "status" | "data">> {
  const { status, data } = (await world.store.housekeeping.tasks.get(world.environmentSeq, seq))!;
  return { status, data };
}

/** Previews a recovery of all messages. */
function preview(world: EngineWorld, endpoint: Endpoint) {
  const { store, seqs, clock, turns } = { ...world.kernel, turns: new Turns(world.kernel.clock) };
  const target = { application: { seq: endpoint.applicationSeq, environmentSeq: world.environmentSeq }, endpoint };
  const window = { since: clock.now() - HOUR, until: null };
  return world.do(() => previewReplay({ store, seqs, clock, turns }, "endpoint.recover", target, window));
}

/** Times before, between and after the steps of the tasks in these tests. */
const CUT_AT_MS = [0, 1, 5, 19, 20, 21, 30, 41, 60];
const ONE_ATTEMPT = { policy: { retryScheduleMs: [] } };

describe("a replay", () => {
  test("a replay that is interrupted at any time continues, sends all messages and counts each message once", async () => {
    for (const cutAtMs of CUT_AT_MS) {
      using world = await EngineWorld.open(ONE_ATTEMPT);
      const endpoint = await world.endpoint("a.example", 500);
      const messages = await world.send(endpoint, 700);
      await world.rest();
      world.behave("a.example", 200);
      const seq = await replay(world, "endpoint.recover", endpoint);
      await world.pass(cutAtMs);
      await world.restart();
      await world.rest();
      expect(await task(world, seq)).toMatchObject({ status: "finished", data: { messagesSent: 700 } });
      expect(new Set(await world.states(messages))).toEqual(new Set(["delivered"]));
    }
  });

  test("a replay includes deliveries that ended before the clock was set back", async () => {
    for (const back of [-HOUR, -10 * SECOND]) {
      using world = await EngineWorld.open(ONE_ATTEMPT);
      const endpoint = await world.endpoint("a.example", 200, { paused: true });
      await world.send(endpoint, 10);
      await world.pass(MINUTE);
      await world.update(endpoint, { disabled: true });
      await world.pass(SECOND);
      world.stepClock(back);
      await world.update(endpoint, { disabled: false, paused: false });
      expect((await preview(world, endpoint)).count).toBe(10);
      const seq = await replay(world, "endpoint.recover", endpoint);
      await world.pass(MINUTE);
      expect((await task(world, seq)).data).toMatchObject({ messagesSent: 10 });
    }
  });

  test("a replay waits for a full disk", async () => {
    using world = await EngineWorld.open(ONE_ATTEMPT);
    const endpoint = await world.endpoint("a.example", 500);
    const messages = await world.send(endpoint, 300);
    await world.rest();
    world.behave("a.example", 200);
    const seq = await replay(world, "endpoint.recover", endpoint);
    world.isDiskFull = true;
    await world.pass(5 * SECOND);
    expect(await task(world, seq)).toMatchObject({ status: "running", data: { messagesSent: 0 } });
    world.isDiskFull = false;
    await world.rest();
    expect(await task(world, seq)).toMatchObject({ status: "finished", data: { messagesSent: 300 } });
    expect(new Set(await world.states(messages))).toEqual(new Set(["delivered"]));
  });

  test("a replay does not send messages that another replay is already sending", async () => {
    using world = await EngineWorld.open(ONE_ATTEMPT);
    const endpoint = await world.endpoint("a.example", 200);
    await world.send(endpoint, 300);
    await world.rest();
    const replays = [
      await replay(world, "endpoint.bulk-replay", endpoint),
      await replay(world, "endpoint.recover", endpoint),
    ];
    await world.rest();
    const tasks = await Promise.all(replays.map((seq) => task(world, seq)));
    expect(tasks.map(({ data }) => data.messagesSent)).toEqual([300, 0]);
    expect(world.starts).toHaveLength(600);
  });

  test("a replay makes a retry in a fifo lane due immediately, and no other message overtakes it", async () => {
    using world = await EngineWorld.open({ policy: { retryScheduleMs: [HOUR] } });
    const endpoint = await world.endpoint("a.example", (_, attempt) => (attempt === 1 ? 500 : 200), {
      ordering: "fifo",
    });
    await world.send(endpoint, 1);
    await world.pass(SECOND);
    world.behave("a.example", 200);
    await world.send(endpoint, 2);
    await replay(world, "endpoint.recover", endpoint);
    await world.pass(SECOND);
    expect(world.order("a.example")).toEqual([1, 1, 2, 3]);
  });

  test("a replay fails with a reason when its endpoint no longer accepts messages", async () => {
    for (const [end, reason] of [
      [(world: EngineWorld, endpoint: Endpoint) => world.update(endpoint, { disabled: true }), /disabled/],
      [(world: EngineWorld, endpoint: Endpoint) => world.delete(endpoint), /deleted/],
    ] as const) {
      using world = await EngineWorld.open(ONE_ATTEMPT);
      const endpoint = await world.endpoint("a.example", 500);
      await world.send(endpoint, 1200);
      await world.rest();
      const seq = await replay(world, "endpoint.recover", endpoint);
      await world.pass(10);
      await end(world, endpoint);
      await world.rest();
      const { status, data } = await task(world, seq);
      expect(status).toBe("failed");
      expect(data).toMatchObject({ messagesSent: 500, error: expect.stringMatching(reason) });
      expect(world.factsOf("task.ended")).toMatchObject([{ taskSeq: seq, status: "failed", error: data.error }]);
    }
  });
});

describe("a purge", () => {
  test("a purge that is interrupted at any time continues, deletes every payload and counts each payload once", async () => {
    for (const cutAtMs of CUT_AT_MS) {
      using world = await EngineWorld.open();
      const endpoint = await world.endpoint("a.example", 200, { paused: true });
      const messages = await world.send(endpoint, 1200);
      const data: PurgeData = { applicationSeq: endpoint.applicationSeq, from: 0, messagesPurged: 0 };
      const seq = await start(world, PURGE, { ...data });
      const [later] = await world.send(endpoint);
      await world.pass(cutAtMs);
      await world.restart();
      await world.rest();
      expect(await task(world, seq)).toMatchObject({ status: "finished", data: { messagesPurged: 1200 } });
      await world.update(endpoint, { paused: false });
      await world.rest();
      expect(new Set(await world.states(messages))).toEqual(new Set(["cancelled"]));
      expect(await world.states([later!])).toEqual(["delivered"]);
      expect(world.order("a.example")).toEqual([1201]);
    }
  });
});
