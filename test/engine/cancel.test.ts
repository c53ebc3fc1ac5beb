import { expect, test } from "bun:test";
import { cancelMessage, cancelMessages } from "../../src/commands/cancel.ts";
import { cancelTask } from "../../src/commands/tasks.ts";
import type { Seq } from "../../src/core/id.ts";
import type { Endpoint } from "../../src/store/index.ts";
import { ROOT } from "../support/actor.ts";
import { EngineWorld, HOUR, SECOND } from "../support/engine-world.ts";

const cancel = (world: EngineWorld, seq: Seq) => world.do(() => cancelMessage(world.kernel, world, { seq }));

async function cancelEarlier(world: EngineWorld, endpoint: Endpoint, than = world.now + HOUR): Promise<Seq> {
  const application = { seq: world.applicationSeq, environmentSeq: world.environmentSeq };
  const target = { application, endpoint, startedBy: ROOT };
  return (await world.do(() => cancelMessages(world.kernel, target, than))).seq;
}

const taskOf = (world: EngineWorld, seq: Seq) => world.store.housekeeping.tasks.get(world.environmentSeq, seq);

/** Times before, between and after the steps of a cancellation. */
const CUT_AT_MS = [0, 1, 19, 20, 21, 41, 60];

test("a message that waits for a retry is not sent again after it was cancelled, also in a fifo lane", async () => {
  for (const ordering of ["parallel", "fifo"] as const) {
    using world = await EngineWorld.open({ policy: { retryScheduleMs: [HOUR, HOUR] } });
    const endpoint = await world.endpoint("a.example", 500, { ordering });
    const messages = await world.send(endpoint, 2);
    await world.pass(SECOND);
    world.behave("a.example", 200);
    expect(await cancel(world, messages[0]!)).toBe(1);
    await world.rest();
    expect(world.order("a.example").filter((number) => number === 1)).toHaveLength(1);
    expect(await world.states(messages)).toEqual(["cancelled", "delivered"]);
  }
});

test("a message that is cancelled during its attempt stays cancelled whatever the result is", async () => {
  for (const status of [200, 500]) {
    using world = await EngineWorld.open({ policy: { retryScheduleMs: [SECOND] } });
    const endpoint = await world.endpoint("a.example", { status, afterMs: 5 * SECOND }, { ordering: "fifo" });
    const messages = await world.send(endpoint, 2);
    await world.pass(SECOND);
    world.behave("a.example", 200);
    expect(await cancel(world, messages[0]!)).toBe(1);
    await world.rest();
    expect(await world.states(messages)).toEqual(["cancelled", "delivered"]);
    expect(world.order("a.example")).toEqual([1, 2]);
  }
});

test("a cancellation that is interrupted at any time continues, and only later messages are sent", async () => {
  for (const cutAtMs of CUT_AT_MS) {
    using world = await EngineWorld.open({ policy: { retryScheduleMs: [HOUR] } });
    const endpoint = await world.endpoint("a.example", 200, { paused: true });
    const earlier = await world.send(endpoint, 1200);
    const seq = await cancelEarlier(world, endpoint);
    const later = await world.send(endpoint, 3);
    await world.pass(cutAtMs);
    await world.restart();
    await world.rest();
    expect(await taskOf(world, seq)).toMatchObject({ status: "finished", data: { deliveriesCancelled: 1200 } });
    await world.update(endpoint, { paused: false });
    await world.rest();
    expect(new Set(await world.states(earlier))).toEqual(new Set(["cancelled"]));
    expect(new Set(await world.states(later))).toEqual(new Set(["delivered"]));
    expect(world.starts).toHaveLength(3);
  }
});

test("a cancellation of an endpoint that hangs ends the waiting deliveries and lets the attempt finish", async () => {
  for (const ordering of ["parallel", "fifo"] as const) {
    using world = await EngineWorld.open({ policy: { retryScheduleMs: [] } });
    const hanging = { status: 200, afterMs: 5 * SECOND };
    const endpoint = await world.endpoint("a.example", hanging, { ordering, concurrency: 1 });
    const messages = await world.send(endpoint, 600);
    await world.pass(SECOND);
    await cancelEarlier(world, endpoint);
    await world.rest();
    expect(world.starts).toHaveLength(1);
    expect(new Set(await world.states(messages))).toEqual(new Set(["cancelled"]));
    const cancelled = world.factsOf("deliveries.cancelled").reduce((sum, { count }) => sum + count, 0);
    expect(cancelled).toBe(600);
  }
});

test("a cancellation also ends deliveries that are already in memory and wait for the endpoint's rate", async () => {
  using world = await EngineWorld.open({ policy: { retryScheduleMs: [] } });
  const endpoint = await world.endpoint("a.example", 200, { throttleRate: 1 });
  await world.send(endpoint, 20);
  await world.pass(3 * SECOND);
  await cancelEarlier(world, endpoint);
  const { length } = world.starts;
  await world.rest();
  expect(world.starts).toHaveLength(length);
  expect(length).toBeLessThan(20);
});

test("no message accepted before a cancellation is sent after it began, also when other tasks run or the process restarts", async () => {
  for (const isRestarted of [false, true]) {
    using world = await EngineWorld.open({ policy: { retryScheduleMs: [], tasksMax: 1, tasksPerAppMax: 1 } });
    const endpoint = await world.endpoint("a.example", { status: 200, afterMs: 5 }, { concurrency: 20 });
    await world.send(await world.endpoint("dead.example", 500), 20);
    await world.rest();
    await world.redrive(1);
    await world.update(endpoint, { paused: true });
    const messages = await world.send(endpoint, 2000);
    await world.update(endpoint, { paused: false });
    await world.pass(SECOND / 10);
    const seq = await cancelEarlier(world, endpoint);
    const { length } = world.starts;
    if (isRestarted) await world.restart();
    await world.pass(SECOND);
    expect(await taskOf(world, seq)).toMatchObject({ status: "finished" });
    expect(world.starts.filter(({ host }) => host === "a.example").length).toBeGreaterThan(0);
    expect(world.starts.slice(length).filter(({ host }) => host === "a.example")).toEqual([]);
    const later = await world.send(endpoint, 2);
    await world.pass(SECOND);
    expect(await world.states(later)).toEqual(["delivered", "delivered"]);
    expect(new Set(await world.states(messages))).toEqual(new Set(["delivered", "cancelled"]));
  }
});

test("an endpoint gets its messages again after the task of a cancellation was cancelled", async () => {
  using world = await EngineWorld.open({ policy: { retryScheduleMs: [] } });
  const endpoint = await world.endpoint("a.example", 200, { paused: true });
  const messages = await world.send(endpoint, 2000);
  await world.update(endpoint, { paused: false });
  const seq = await cancelEarlier(world, endpoint);
  expect(await world.do(() => cancelTask(world.kernel, world.environmentSeq, seq))).toBe(true);
  await world.rest();
  expect(new Set(await world.states(messages))).toEqual(new Set(["delivered", "cancelled"]));
});

test("a cancellation checks each delivery once and finishes, also if all messages are newer", async () => {
  using world = await EngineWorld.open({ policy: { retryScheduleMs: [HOUR] } });
  const endpoint = await world.endpoint("a.example", 200, { paused: true });
  const messages = await world.send(endpoint, 1200);
  const seq = await cancelEarlier(world, endpoint, world.now - HOUR);
  await world.rest();
  expect(await taskOf(world, seq)).toMatchObject({ status: "finished", data: { deliveriesCancelled: 0 } });
  expect(new Set(await world.states(messages))).toEqual(new Set(["pending"]));
});

test("a cancellation for an endpoint that was disabled or deleted finishes without effect", async () => {
  for (const end of [
    (world: EngineWorld, endpoint: Endpoint) => world.update(endpoint, { disabled: true }),
    (world: EngineWorld, endpoint: Endpoint) => world.delete(endpoint),
  ]) {
    using world = await EngineWorld.open({ policy: { retryScheduleMs: [HOUR] } });
    const endpoint = await world.endpoint("a.example", 500);
    await world.send(endpoint, 3);
    await world.pass(SECOND);
    await end(world, endpoint);
    await world.rest();
    const seq = await cancelEarlier(world, endpoint);
    await world.rest();
    expect(await taskOf(world, seq)).toMatchObject({ status: "finished", data: { deliveriesCancelled: 0 } });
  }
});
