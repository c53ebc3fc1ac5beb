import { describe, expect, test } from "bun:test";
import type { Seq } from "../../../../src/core/id.ts";
import type { NewMessage, ReplayOrder } from "../../../../src/store/index.ts";
import { EVERYTHING, Furnished } from "../../furnished.ts";
import type { Open } from "../../store-under-test.ts";

/** A replay of all messages of the application to its endpoint, requested now. */
export function replayOf(
  world: Furnished,
  which: ReplayOrder["which"],
  change: Partial<ReplayOrder> = {},
): ReplayOrder {
  const [applicationSeq, endpointSeq] = [world.application.seq, world.endpoint.seq];
  const now = world.now;
  return { applicationSeq, endpointSeq, which, from: 0, to: EVERYTHING, askedAt: now, now, ...change };
}

/** Creates one message for each state that a delivery can have, and one without a delivery. */
export async function everyState(world: Furnished) {
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
  await world.buryDead();
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

async function found(
  world: Furnished,
  which: ReplayOrder["which"],
  change: Partial<ReplayOrder> = {},
): Promise<readonly Seq[]> {
  const { rows } = await world.store.history.replayable(replayOf(world, which, change), 1000);
  return rows.map(({ messageSeq }) => messageSeq);
}

function seqsOf(...messages: readonly NewMessage[]): Seq[] {
  return messages.map(({ seq }) => seq).sort((a, b) => a - b);
}

export function replayableSuite(open: Open): void {
  describe("replay", () => {
    test("a replay of failed messages includes dead letters and deliveries that wait for a retry", async () => {
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

    test("a replay of missing messages includes those without a delivery and those whose delivery died without an attempt", async () => {
      await using world = await Furnished.open(open);
      const { none, buried } = await everyState(world);
      expect(await found(world, "missing")).toEqual(seqsOf(none, buried));
    });

    test("a replay of sent messages includes all messages except those that wait for their first attempt", async () => {
      await using world = await Furnished.open(open);
      const { delivered, dead, buried, retried, cancelled } = await everyState(world);
      expect(await found(world, "sent")).toEqual(seqsOf(delivered, dead, buried, retried, cancelled));
    });

    test("a replay of sent messages can be filtered by the delivery's status and by the status class of its latest response", async () => {
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

    test("a replay includes deliveries that ended before the clock was set back", async () => {
      await using world = await Furnished.open(open);
      const dead = await world.sendDead();
      const now = world.now - 1;
      expect(await found(world, "failed", { askedAt: now, now })).toEqual([dead.seq]);
      expect(await found(world, "sent", { askedAt: now, now, status: "failed" })).toEqual([dead.seq]);
    });

    test("a replay of waiting messages excludes those that are scheduled for a time before which the clock was set back", async () => {
      await using world = await Furnished.open(open);
      const deliverAt = world.now;
      await world.send({ deliverAt });
      const waiting = (now: number) => found(world, "sent", { askedAt: deliverAt, now, status: "waiting" });
      expect(await waiting(deliverAt)).toHaveLength(1);
      expect(await waiting(deliverAt - 1)).toEqual([]);
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

    test("the messages of a replay are read in pages of limited size", async () => {
      await using world = await Furnished.open(open);
      const messages = await world.sendMany(5);
      await world.kill();
      await world.sendMany(2);
      let from = 0;
      const pages: (readonly Seq[])[] = [];
      for (;;) {
        const { rows, last } = await world.store.history.replayable(replayOf(world, "failed", { from }), 3);
        pages.push(rows.map(({ messageSeq }) => messageSeq));
        if (last === null) break;
        from = last;
      }
      const [a, b, c, d, e] = messages.map(({ seq }) => seq);
      expect(pages).toEqual([[a!, b!, c!], [d!, e!], []]);
    });
  });
}
