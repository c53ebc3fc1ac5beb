import { describe, expect, test } from "bun:test";
import type { Seq } from "../../../src/core/id.ts";
import type { NewMessage, Replayable, ReplayOrder, Resent } from "../../../src/store/index.ts";
import { EVERYTHING, Furnished } from "../furnished.ts";
import type { Open } from "../store-under-test.ts";
import { addTask } from "./tasks.ts";

const NOTHING: Resent = { none: 0, pending: 0, delivered: 0, dead: 0, cancelled: 0 };

/** A replay of all messages of the application to its endpoint, requested now. */
function order(world: Furnished, which: ReplayOrder["which"], change: Partial<ReplayOrder> = {}): ReplayOrder {
  const [applicationSeq, endpointSeq] = [world.application.seq, world.endpoint.seq];
  return { applicationSeq, endpointSeq, which, from: 0, to: EVERYTHING, askedAt: world.now, ...change };
}

async function found(
  world: Furnished,
  which: ReplayOrder["which"],
  change: Partial<ReplayOrder> = {},
): Promise<readonly Seq[]> {
  const { rows } = await world.store.history.replayable(order(world, which, change), 1000);
  return rows.map(({ messageSeq }) => messageSeq);
}

async function resend(world: Furnished, rows: readonly Replayable[]) {
  const task = await addTask(world);
  const first = world.seqs.take(Math.max(1, rows.length));
  const resent = await world.store.queue.resendAll(world.endpoint.seq, rows, { first, now: world.now }, (was) => ({
    ...task,
    data: { was },
  }));
  return { resent, first, task };
}

/** Creates one message for each state that a delivery can have, and one without a delivery. */
async function everyState(world: Furnished) {
  const settleNext = async (...next: Parameters<Furnished["settle"]>[1][]) => {
    const message = await world.send();
    for (const one of next) {
      const delivery = (await world.waiting()).find(({ messageSeq }) => messageSeq === message.seq)!;
      await world.settle(delivery, one);
    }
    return message;
  };
  const retry = { state: "pending", attempts: 1, dueAt: world.now + 5000, position: world.seqs.last } as const;
  const buried = await world.send();
  await world.store.queue.bury(world.endpoint.seq, "dead", world.now, 10);
  const cancelled = await world.send();
  await world.store.queue.bury(world.endpoint.seq, "cancelled", world.now, 10);
  const expunged = await settleNext({ state: "dead", reason: "timeout" });
  await world.store.queue.expunge.message(expunged.seq);
  return {
    buried,
    cancelled,
    expunged,
    delivered: await settleNext({ state: "delivered" }),
    dead: await settleNext({ state: "dead", reason: "status_5xx" }),
    retried: await settleNext(retry),
    waiting: await world.send(),
    none: await world.send({}, []),
  };
}

function seqsOf(...messages: readonly NewMessage[]): Seq[] {
  return messages.map(({ seq }) => seq).sort((a, b) => a - b);
}

export function replaySuite(open: Open): void {
  describe("replay", () => {
    test("a replay of failed messages includes dead letters and retries", async () => {
      await using world = await Furnished.open(open);
      const { dead, buried, retried } = await everyState(world);
      expect(await found(world, "failed")).toEqual(seqsOf(dead, buried, retried));
    });

    test("a replay of failed messages skips those that succeeded in an earlier round", async () => {
      await using world = await Furnished.open(open);
      const message = await world.send();
      await world.settle((await world.waiting())[0]!, { state: "delivered" });
      const position = world.seqs.next();
      await world.store.queue.resend(message.seq, world.endpoint.seq, { seq: position, position, now: world.now });
      await world.kill();
      expect(await found(world, "failed")).toEqual([]);
      expect(await found(world, "sent")).toEqual([message.seq]);
    });

    test("a replay of missing messages includes those without a delivery or with one that died without an attempt", async () => {
      await using world = await Furnished.open(open);
      const { none, buried } = await everyState(world);
      expect(await found(world, "missing")).toEqual(seqsOf(none, buried));
    });

    test("a replay of sent messages includes all except those that wait for their first attempt", async () => {
      await using world = await Furnished.open(open);
      const { delivered, dead, buried, retried, cancelled } = await everyState(world);
      expect(await found(world, "sent")).toEqual(seqsOf(delivered, dead, buried, retried, cancelled));
    });

    test("a replay of sent messages can be filtered by status and by class of the latest response", async () => {
      await using world = await Furnished.open(open);
      const { delivered, dead, buried, retried, cancelled, waiting } = await everyState(world);
      const wanted = [
        ["delivered", [delivered]],
        ["waiting", [waiting]],
        ["failed", [dead, buried]],
        ["retrying", [retried]],
        ["cancelled", [cancelled]],
      ] as const;
      for (const [status, messages] of wanted) {
        expect([status, await found(world, "sent", { status })]).toEqual([status, seqsOf(...messages)]);
      }
      expect(await found(world, "sent", { responseClass: "2xx" })).toEqual([delivered.seq]);
      expect(await found(world, "sent", { responseClass: "5xx" })).toEqual(seqsOf(dead, retried));
      expect(await found(world, "sent", { responseClass: "none" })).toEqual([]);
      expect(await found(world, "sent", { status: "failed", responseClass: "5xx" })).toEqual([dead.seq]);
    });

    test("a replay can be filtered by event type, channel and tag", async () => {
      await using world = await Furnished.open(open);
      const plain = await world.sendDead();
      const marked = await world.sendDead({ eventType: "order.sent", channels: ["eu", "us"], tags: ["vip"] });
      expect(await found(world, "failed", { eventTypes: ["order.paid"] })).toEqual([plain.seq]);
      expect(await found(world, "failed", { eventTypes: ["order.sent", "order.paid"] })).toHaveLength(2);
      expect(await found(world, "failed", { channel: "us" })).toEqual([marked.seq]);
      expect(await found(world, "failed", { channel: "asia" })).toEqual([]);
      expect(await found(world, "failed", { tag: "vip" })).toEqual([marked.seq]);
    });

    test("a replay skips deliveries that ended after it was requested", async () => {
      await using world = await Furnished.open(open);
      const askedAt = world.now;
      const before = await world.sendDead();
      world.now += 1;
      await world.sendDead();
      expect(await found(world, "failed", { askedAt })).toEqual([before.seq]);
      expect(await found(world, "sent", { askedAt })).toEqual([before.seq]);
    });

    test("a replay is limited to its application, its endpoint and its range of messages", async () => {
      await using world = await Furnished.open(open);
      const other = await world.addEndpoint();
      const elsewhere = await world.addApplication();
      await world.sendDead({ applicationSeq: elsewhere.seq });
      await world.sendDead({}, { endpointSeq: other.seq });
      const messages = [await world.sendDead(), await world.sendDead(), await world.sendDead()];
      const [first, , last] = messages.map(({ seq }) => seq);
      expect(await found(world, "failed")).toEqual(seqsOf(...messages));
      expect(await found(world, "failed", { from: first!, to: last! })).toEqual([messages[1]!.seq]);
    });

    test("a replay is read in pages that read a limited number of messages", async () => {
      await using world = await Furnished.open(open);
      const messages = await world.sendMany(5);
      await world.kill();
      await world.sendMany(2);
      let from = 0;
      const pages: (readonly Seq[])[] = [];
      for (;;) {
        const { rows, last } = await world.store.history.replayable(order(world, "failed", { from }), 3);
        pages.push(rows.map(({ messageSeq }) => messageSeq));
        if (last === null) break;
        from = last;
      }
      const [a, b, c, d, e] = messages.map(({ seq }) => seq);
      expect(pages).toEqual([[a!, b!, c!], [d!, e!], []]);
    });
  });

  describe("resendAll", () => {
    test("resendAll makes deliveries pending in one commit, each with its own position and a full schedule, and stores the task", async () => {
      await using world = await Furnished.open(open);
      const messages = await world.sendMany(2);
      await world.kill();
      const missing = await world.send({}, []);
      world.now += 1000;
      const failed = (await world.store.history.replayable(order(world, "failed"), 10)).rows;
      const none = (await world.store.history.replayable(order(world, "missing"), 10)).rows;
      const { resent, first, task } = await resend(world, [...failed, ...none]);
      expect(resent).toEqual({ ...NOTHING, dead: 2, none: 1 });
      await world.reopen();
      expect(await world.waiting()).toEqual(
        [...messages, missing].map((message, i) => ({
          seq: message.deliveries[0]?.seq ?? first + 2,
          messageSeq: message.seq,
          endpointSeq: world.endpoint.seq,
          position: first + i,
          dueAt: world.now,
          attempts: 0,
          round: i < 2 ? 1 : 0,
          trigger: "manual",
        })),
      );
      expect((await world.store.housekeeping.tasks.get(world.environment.seq, task.seq))?.data).toEqual({
        was: resent,
      });
    });

    test("resendAll does nothing the second time", async () => {
      await using world = await Furnished.open(open);
      await everyState(world);
      for (const which of ["failed", "missing", "sent"] as const) {
        const { rows } = await world.store.history.replayable(order(world, which), 100);
        expect((await resend(world, rows)).resent).not.toEqual(NOTHING);
        const before = await world.waiting();
        world.now += 1;
        expect((await resend(world, rows)).resent).toEqual(NOTHING);
        expect((await world.store.history.replayable(order(world, which), 100)).rows).toEqual([]);
        expect(await world.waiting()).toEqual(before);
      }
    });

    test("resendAll skips a delivery that succeeded after it was found", async () => {
      await using world = await Furnished.open(open);
      const { retried } = await everyState(world);
      const { rows } = await world.store.history.replayable(order(world, "sent", { status: "retrying" }), 10);
      const [delivery] = (await world.waiting()).filter(({ messageSeq }) => messageSeq === retried.seq);
      await world.settle(delivery!, { state: "delivered" });
      expect((await resend(world, rows)).resent).toEqual(NOTHING);
      expect(await world.delivery(retried.seq)).toMatchObject({ state: "delivered" });
    });

    test("resendAll skips endpoints that were disabled or deleted since, and messages that were expunged since", async () => {
      const changes: ((world: Furnished, messageSeq: Seq) => Promise<unknown>)[] = [
        (world) => world.store.configuration.endpoints.update(world.endpoint.seq, () => ({ disabled: true })),
        (world) => world.store.configuration.endpoints.delete(world.endpoint.seq, world.now),
        (world, messageSeq) => world.store.queue.expunge.message(messageSeq),
      ];
      for (const change of changes) {
        await using world = await Furnished.open(open);
        const dead = await world.sendDead();
        const missing = await world.send({}, []);
        const rows = [
          ...(await world.store.history.replayable(order(world, "failed"), 10)).rows,
          ...(await world.store.history.replayable(order(world, "missing"), 10)).rows,
        ];
        expect(rows).toHaveLength(2);
        for (const { seq } of [dead, missing]) await change(world, seq);
        expect((await resend(world, rows)).resent).toEqual(NOTHING);
        expect(await world.delivery(dead.seq)).toMatchObject({ state: "dead", reason: "status_5xx" });
      }
    });

    test("resendAll moves pending deliveries to the end of a parallel lane and keeps their position in a fifo lane", async () => {
      for (const ordering of ["parallel", "fifo"] as const) {
        await using world = await Furnished.open(open);
        await world.store.configuration.endpoints.update(world.endpoint.seq, () => ({ ordering }));
        const [first, second] = await world.sendMany(2);
        const [head] = await world.waiting();
        const { position } = head!;
        await world.settle(head!, { state: "pending", attempts: 1, dueAt: world.now + 5000, position });
        const { rows } = await world.store.history.replayable(order(world, "failed"), 10);
        expect((await resend(world, rows)).resent).toEqual({ ...NOTHING, pending: 1 });
        const waiting = await world.waiting();
        expect(waiting.map(({ messageSeq }) => messageSeq)).toEqual(
          ordering === "fifo" ? [first!.seq, second!.seq] : [second!.seq, first!.seq],
        );
        const again = waiting.find(({ messageSeq }) => messageSeq === first!.seq);
        expect(again).toMatchObject({ dueAt: world.now, attempts: 0, round: 1 });
      }
    });
  });
}
