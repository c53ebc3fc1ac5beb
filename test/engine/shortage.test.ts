import { describe, expect, test } from "bun:test";
import { noNameServer } from "../../src/core/shortage.ts";
import { EngineWorld, MINUTE, type Reaction, SECOND } from "../support/engine-world.ts";

const NO_FILES: Reaction = { shortage: "open-files" };

describe("a shortage of this machine", () => {
  test("an attempt that fails because of a shortage does not count, and is repeated when the shortage ends", async () => {
    using world = await EngineWorld.open();
    const endpoint = await world.endpoint("a.example", NO_FILES);
    const [seq] = await world.send(endpoint);
    await world.pass(MINUTE);
    expect(await world.states([seq!])).toEqual(["pending"]);
    expect((await world.delivery(seq!)).attemptsTotal).toBe(0);
    world.behave("a.example", 500);
    await world.pass(10 * SECOND);
    const [first, second] = world.factsOf("attempt.finished");
    expect([first?.failedBefore, second?.failedBefore]).toEqual([0, 1]);
    world.behave("a.example", 200);
    await world.rest();
    expect(await world.states([seq!])).toEqual(["delivered"]);
    expect((await world.delivery(seq!)).attemptsTotal).toBe(3);
  });

  test("a lane that meets a shortage tries again after pauses that grow to five seconds", async () => {
    using world = await EngineWorld.open();
    await world.send(await world.endpoint("a.example", NO_FILES));
    await world.pass(30 * SECOND);
    const times = world.times("a.example");
    const pauses = times.slice(1).map((at, i) => Math.round((at - times[i]!) / 250) * 250);
    expect(pauses.slice(0, 7)).toEqual([250, 500, 1000, 2000, 4000, 5000, 5000]);
  });

  test("a lane with many deliveries makes few attempts during a shortage", async () => {
    using world = await EngineWorld.open();
    const endpoint = await world.endpoint("a.example", 200);
    await world.send(endpoint);
    await world.rest();
    const before = world.starts.length;
    world.behave("a.example", NO_FILES);
    const seqs = await world.send(endpoint, 100);
    await world.pass(30 * SECOND);
    expect(world.starts.length - before).toBeLessThan(16 * 12);
    world.behave("a.example", 200);
    await world.rest();
    expect(new Set(await world.states(seqs))).toEqual(new Set(["delivered"]));
  });

  test("other endpoints are served while a lane waits for a resource", async () => {
    using world = await EngineWorld.open();
    await world.send(await world.endpoint("a.example", { shortage: "local-ports" }), 50);
    const seqs = await world.send(await world.endpoint("b.example", 200), 50);
    await world.pass(SECOND);
    expect(new Set(await world.states(seqs))).toEqual(new Set(["delivered"]));
  });

  test("the messages of a fifo endpoint keep their order during a shortage", async () => {
    using world = await EngineWorld.open();
    const endpoint = await world.endpoint("a.example", (_, attempt) => (attempt === 1 ? NO_FILES : 200), {
      ordering: "fifo",
    });
    await world.send(endpoint, 4);
    await world.rest();
    expect(world.order("a.example")).toEqual([1, 1, 2, 2, 3, 3, 4, 4]);
  });

  test("a message that is resent during a shortage is sent once", async () => {
    using world = await EngineWorld.open();
    const endpoint = await world.endpoint("a.example", { shortage: "open-files", afterMs: 100 });
    const [seq] = await world.send(endpoint);
    await world.pass(50);
    await world.resend(seq!, endpoint);
    world.behave("a.example", 200);
    await world.rest();
    expect(await world.states([seq!])).toEqual(["delivered"]);
    expect(world.factsOf("attempt.finished")).toHaveLength(1);
  });

  test("unreachable name servers count as a shortage, and the deliveries wait for them", async () => {
    let isDown = true;
    using world = await EngineWorld.open({ resolve: () => (isDown ? noNameServer : ["93.184.216.34"]) });
    const seqs = await world.send(await world.endpoint("a.example", 200), 3);
    await world.pass(10 * MINUTE);
    expect([world.starts.length, world.factsOf("attempt.finished").length]).toEqual([0, 0]);
    isDown = false;
    await world.rest();
    expect(new Set(await world.states(seqs))).toEqual(new Set(["delivered"]));
  });

  test("the beginning and the end of a shortage are reported once, with the number of postponed deliveries", async () => {
    using world = await EngineWorld.open();
    const endpoints = [await world.endpoint("a.example", NO_FILES), await world.endpoint("b.example", NO_FILES)];
    for (const endpoint of endpoints) await world.send(endpoint, 2);
    await world.pass(MINUTE);
    expect(world.factsOf("shortage.began")).toEqual([
      { type: "shortage.began", resource: "open-files", detail: "none left" },
    ]);
    expect(world.factsOf("shortage.ended")).toEqual([]);
    for (const host of ["a.example", "b.example"]) world.behave(host, 200);
    await world.rest();
    expect(world.factsOf("shortage.began")).toHaveLength(1);
    const postponed = world.factsOf("delivery.postponed").length;
    expect(world.factsOf("shortage.ended")).toMatchObject([{ resource: "open-files", postponed }]);
  });
});
