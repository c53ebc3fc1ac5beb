import { describe, expect, test } from "bun:test";
import type { AcceptResult, FunctionSend, NewMessage } from "../../../../src/store/index.ts";
import { bytes, DAY_MS, type Furnished } from "../../furnished.ts";
import type { Open } from "../../store-under-test.ts";
import { HOLD, TwoStores } from "../../two-stores.ts";

/** Sends a message to a function, which sends another one to these endpoints and fails. */
async function sendThrough(
  { from }: TwoStores,
  endpointSeqs: number[] = [],
  hops = 1,
): Promise<{ cause: NewMessage; sent: NewMessage }> {
  const cause = await from.send();
  const sentBy = { deliverySeq: cause.deliveries[0]!.seq, number: 0, hops };
  return { cause, sent: await from.send({ sentBy, payload: bytes('"sent"') }, endpointSeqs) };
}

/** Moves all that waits. Returns a function that returns the number here of a message. */
async function moved(stores: TwoStores): Promise<{ seq: number; here: (message: NewMessage) => number }> {
  const { seq } = await stores.settings();
  const { ids } = await stores.waiting(seq);
  expect(await stores.destination.arrive(seq, HOLD, stores.to.now)).not.toBeNull();
  return { seq, here: (message) => stores.to.store.moves!.ids.seqOf(ids[`msg_${message.seq}`]!)! };
}

/** Sends the first message of a function that handles the delivery of another message at the destination. */
async function sendAgain({ to }: TwoStores, applicationSeq: number, causeSeq: number): Promise<AcceptResult> {
  const [delivery] = await to.store.history.messages.deliveries(causeSeq);
  const sentBy: FunctionSend = { deliverySeq: delivery!.seq, number: 0, hops: 1 };
  const [result] = await to.store.queue.accept([to.newMessage({ applicationSeq, sentBy })]);
  return result!;
}

async function payloadOf({ store }: Furnished, messageSeq: number): Promise<string | null> {
  const [content] = await store.queue.contents([messageSeq]);
  return content?.payload == null ? null : Buffer.from(content.payload).toString();
}

function alreadySent(messageSeq: number): AcceptResult {
  return { accepted: false, because: "idempotency", response: { kind: "message", messageSeq } };
}

export function sendMovesSuite(open: Open): void {
  describe("moves of what functions have sent", () => {
    test("a function sends nothing again that it sent before its delivery moved, and the message moves too", async () => {
      await using stores = await TwoStores.open(open);
      await stores.to.sendMany(7);
      const { cause, sent } = await sendThrough(stores);
      const { seq, here } = await moved(stores);
      expect(await sendAgain(stores, seq, here(cause))).toEqual(alreadySent(here(sent)));
      expect(await payloadOf(stores.to, here(sent))).toBe('"sent"');
      const second = { deliverySeq: (await stores.to.store.history.messages.deliveries(here(cause)))[0]!.seq };
      const next = stores.to.newMessage({ applicationSeq: seq, sentBy: { ...second, number: 1, hops: 1 } });
      expect(await stores.to.store.queue.accept([next])).toEqual([{ accepted: true }]);
    });

    test("a function of a dead letter sends nothing again, also if the pages arrive twice", async () => {
      await using stores = await TwoStores.open(open);
      const { from, destination } = stores;
      const { cause, sent } = await sendThrough(stores);
      await from.kill();
      const { seq } = await stores.settings();
      await stores.waiting(seq, "hold-0");
      await stores.waiting(seq);
      const { ids } = await stores.waiting(seq);
      expect(await destination.arrive(seq, HOLD, stores.to.now)).toMatchObject({ dead: 1 });
      const here = (message: NewMessage) => stores.to.store.moves!.ids.seqOf(ids[`msg_${message.seq}`]!)!;
      expect(await sendAgain(stores, seq, here(cause))).toEqual(alreadySent(here(sent)));
    });

    test("a function sends nothing again although the message that it sent was deleted before the move", async () => {
      await using stores = await TwoStores.open(open);
      const { from } = stores;
      const { cause, sent } = await sendThrough(stores);
      from.now += DAY_MS;
      await from.store.housekeeping.prune(from.now, from.now, 100);
      expect(await from.store.history.messages.get(sent.seq)).toBeNull();
      const { seq, here } = await moved(stores);
      expect(await sendAgain(stores, seq, here(cause))).toMatchObject({ accepted: false, because: "idempotency" });
    });

    test("the payload of a sent message that was deleted after it had been copied does not arrive", async () => {
      await using stores = await TwoStores.open(open);
      const { from } = stores;
      const { sent } = await sendThrough(stores);
      const { seq } = await stores.settings();
      await stores.copyMessages(seq, [sent.seq]);
      await from.store.queue.expunge.messages(from.application.seq, [{ seq: sent.seq }]);
      const { here } = await moved(stores);
      expect(await payloadOf(stores.to, here(sent))).toBeNull();
    });

    test("a chain of functions is as long after the move as before it", async () => {
      await using stores = await TwoStores.open(open);
      const { from, to } = stores;
      const { cause, sent } = await sendThrough(stores, [from.endpoint.seq], 4);
      // Only the message that the function has sent still waits.
      const delivery = (await from.waiting()).find(({ messageSeq }) => messageSeq === cause.seq)!;
      await from.settle(delivery, { state: "delivered" });
      const { here } = await moved(stores);
      expect(await to.store.queue.hopsOf(here(sent))).toBe(4);
    });

    test("what is kept of a chain of functions does not count for a delivery that arrives later", async () => {
      await using stores = await TwoStores.open(open);
      await using others = await TwoStores.open(open);
      const { from, to, destination } = stores;
      const { cause, sent } = await sendThrough(stores, [from.endpoint.seq]);
      const delivery = (await from.waiting()).find(({ messageSeq }) => messageSeq === cause.seq)!;
      await from.settle(delivery, { state: "delivered" });
      const { here } = await moved(stores);
      // A delivery at another origin has the number of the message that the function has sent.
      others.from.seqs.next();
      const another = await others.from.send();
      expect(another.deliveries[0]!.seq).toBe(here(sent));

      const settings = await others.origin.settings(others.seq, others.from.seqs.next());
      const { seq } = await stores.settings(null, settings);
      const { page } = await others.origin.waiting(others.seq, null, 0);
      await destination.storeMessages(seq, await others.origin.messages(others.seq, [another.seq]));
      expect(await destination.storeWaiting(seq, page, HOLD, 0)).toEqual({ missing: [] });
      await destination.arrive(seq, HOLD, to.now);
      const arrived = to.store.moves!.ids.seqOf(page.ids[`msg_${another.seq}`]!)!;
      expect(await sendAgain(stores, seq, arrived)).toEqual({ accepted: true });
    });

    test("a message that nobody waits for is not kept because its function waited at an earlier time", async () => {
      await using stores = await TwoStores.open(open);
      const { from, to } = stores;
      const { sent } = await sendThrough(stores);
      const { seq } = await stores.settings();
      const { ids } = await stores.waiting(seq, "hold-0");
      await from.settle((await from.waiting())[0]!, { state: "delivered" });
      await stores.waiting(seq);
      await stores.destination.arrive(seq, HOLD, to.now);
      const seqHere = to.store.moves!.ids.seqOf(ids[`msg_${sent.seq}`]!)!;
      expect(await to.store.history.messages.get(seqHere)).toBeNull();
    });

    test("a function sends nothing again when a delivery of the history is resent", async () => {
      await using stores = await TwoStores.open(open);
      const { from, to } = stores;
      await to.sendMany(3);
      const { cause, sent } = await sendThrough(stores, [], 2);
      await from.settle((await from.waiting())[0]!, { state: "delivered" });
      const { seq } = await moved(stores);
      await stores.history(seq);
      const list = { limit: 10, from: null, backwards: false, order: "ascending" } as const;
      const { rows } = await to.store.history.messages.list(seq, {}, list, true);
      const [first, second] = rows.map((message) => message.seq);
      expect(rows.map(({ payload }) => payload!.length)).toEqual([cause.payload.length, sent.payload.length]);
      expect(await sendAgain(stores, seq, first!)).toEqual(alreadySent(second!));
      expect(await to.store.queue.hopsOf(second!)).toBe(2);
    });
  });
}
