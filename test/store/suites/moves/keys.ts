import { describe, expect, test } from "bun:test";
import { sha256 } from "../../../../src/core/hash.ts";
import type { IdempotencyEntry, Message, NewMessage } from "../../../../src/store/index.ts";
import { bytes, DAY_MS, type Furnished } from "../../furnished.ts";
import type { Open } from "../../store-under-test.ts";
import { HOLD, TwoStores } from "../../two-stores.ts";

const MINUTE_MS = 60_000;

function entryOf(world: Furnished, name: string): IdempotencyEntry {
  return { key: sha256(name), expiresAt: world.now + DAY_MS / 2, bodyHash: bytes(name.padEnd(8)).slice(0, 8) };
}

/** Sends a message with a key for nobody. */
async function sendKeyed(world: Furnished, name: string): Promise<NewMessage> {
  return world.send({ idempotency: entryOf(world, name) }, []);
}

/** Sends messages with the keys `key-0`, `key-1` and so on for nobody. */
async function sendManyKeyed(world: Furnished, count: number): Promise<readonly NewMessage[]> {
  const messages = Array.from({ length: count }, (_, i) =>
    world.newMessage({ idempotency: entryOf(world, `key-${i}`) }),
  );
  await world.store.queue.accept(messages);
  return messages;
}

/** Returns the numbers of the messages of the application. */
async function seqsOf(world: Furnished): Promise<readonly number[]> {
  return (await messagesOf(world, world.application.seq)).map(({ seq }) => seq);
}

/** Sends messages for nobody. */
async function sendUnwaited(world: Furnished, count: number): Promise<readonly NewMessage[]> {
  const messages = Array.from({ length: count }, () => world.newMessage());
  await world.store.queue.accept(messages);
  return messages;
}

/** Copies the rest of an application, and lets it arrive. */
async function arrive(stores: TwoStores, seq: number): Promise<void> {
  await stores.waiting(seq);
  expect(await stores.destination.arrive(seq, HOLD, stores.to.now)).not.toBeNull();
}

/** Returns the number of commits of a store. */
function commitsOf({ facts }: Furnished): number {
  return facts.filter(({ type }) => type === "commit.finished").length;
}

/** Returns the messages of an application with their payloads. */
async function messagesOf({ store }: Furnished, seq: number): Promise<readonly Message[]> {
  const list = { limit: 5000, from: null, backwards: false, order: "ascending" } as const;
  return (await store.history.messages.list(seq, {}, list, true)).rows;
}

export function keyMovesSuite(open: Open): void {
  describe("moves of idempotency keys", () => {
    test("a key moves with its message, the hash of its body and the rest of its time, and makes no second message", async () => {
      await using stores = await TwoStores.open(open);
      const { from, to } = stores;
      await to.sendMany(5);
      const sent = await sendKeyed(from, "order-1");
      const { expiresAt, key, bodyHash } = sent.idempotency!;
      const { seq } = await stores.settings();
      await stores.keys(seq);
      await arrive(stores, seq);

      const again = to.newMessage({ applicationSeq: seq, idempotency: { key, expiresAt, bodyHash } });
      const [result] = await to.store.queue.accept([again]);
      const [message] = await messagesOf(to, seq);
      expect(result).toEqual({
        ...{ accepted: false, because: "idempotency" },
        response: { kind: "message", messageSeq: message!.seq, bodyHash: bodyHash! },
      });
      expect(Buffer.from(message!.payload!).toString()).toBe(Buffer.from(sent.payload!).toString());
      expect(await to.store.queue.idempotency.get(key, expiresAt - 1)).not.toBeNull();
      expect(await to.store.queue.idempotency.get(key, expiresAt)).toBeNull();
    });

    test("keys that are added after the first pass move with the next one, and only those", async () => {
      await using stores = await TwoStores.open(open);
      const { from, to } = stores;
      for (let i = 0; i < 20; i++) await sendKeyed(from, `early-${i}`);
      const { seq } = await stores.settings();
      const first = await stores.keys(seq);
      await from.store.queue.idempotency.put(
        entryOf(from, "text"),
        { kind: "text", status: 201, body: "made" },
        from.now,
        from.application.seq,
      );
      for (let i = 0; i < 3; i++) await sendKeyed(from, `late-${i}`);
      const second = await stores.keys(seq, first.later);
      const third = await stores.keys(seq, second.later);
      expect([first.count, second.count, third.count]).toEqual([20, 4, 0]);
      await arrive(stores, seq);
      const { idempotency } = to.store.queue;
      for (const name of ["early-0", "early-19", "late-2"]) {
        expect(await idempotency.get(sha256(name), to.now)).toMatchObject({ kind: "message" });
      }
      const text = await idempotency.get(sha256("text"), to.now);
      expect(text).toMatchObject({ kind: "text", status: 201, body: "made" });
      expect(await messagesOf(to, seq)).toHaveLength(23);
    });

    test("only the keys of the application move, and none that has expired", async () => {
      await using stores = await TwoStores.open(open);
      const { from, to } = stores;
      await sendKeyed(from, "expired");
      from.now += DAY_MS;
      to.now += DAY_MS;
      const other = await from.addApplication();
      await from.send({ applicationSeq: other.seq, idempotency: entryOf(from, "of another") }, []);
      await sendKeyed(from, "own");
      const { seq } = await stores.settings();
      expect((await stores.keys(seq)).count).toBe(1);
      const { idempotency } = to.store.queue;
      expect(await idempotency.get(sha256("of another"), to.now)).toBeNull();
      expect(await idempotency.get(sha256("own"), to.now)).toMatchObject({ kind: "message" });
    });

    test("a payload that was deleted after its key had been copied is deleted at the destination too", async () => {
      await using stores = await TwoStores.open(open);
      const { from, to } = stores;
      const sent = await sendKeyed(from, "order-1");
      const { seq } = await stores.settings();
      const { later } = await stores.keys(seq);
      await from.store.queue.expunge.messages(from.application.seq, [{ seq: sent.seq }]);
      await stores.keys(seq, later);
      await arrive(stores, seq);
      expect((await messagesOf(to, seq)).map(({ payload }) => payload)).toEqual([null]);
    });

    test("a payload that was deleted after its key had been copied does not arrive although the key has expired since", async () => {
      await using stores = await TwoStores.open(open);
      const { from, to } = stores;
      const sent = await sendKeyed(from, "order-1");
      from.now = to.now = sent.idempotency!.expiresAt - MINUTE_MS;
      const { seq } = await stores.settings();
      const { later } = await stores.keys(seq);
      from.now = to.now = sent.idempotency!.expiresAt;
      await from.store.queue.expunge.messages(from.application.seq, [{ seq: sent.seq }]);
      expect((await stores.keys(seq, later)).count).toBe(0);
      await arrive(stores, seq);
      expect(await messagesOf(to, seq)).toEqual([]);
    });

    test("a payload that was deleted after its key had been copied does not arrive although the clock of the destination is late", async () => {
      await using stores = await TwoStores.open(open);
      const { from, to } = stores;
      const sent = await sendKeyed(from, "order-1");
      from.now = sent.idempotency!.expiresAt - MINUTE_MS;
      to.now = from.now - MINUTE_MS + 1;
      const { seq } = await stores.settings();
      const { later } = await stores.keys(seq);
      from.now += MINUTE_MS;
      to.now += MINUTE_MS;
      await from.store.queue.expunge.messages(from.application.seq, [{ seq: sent.seq }]);
      await stores.keys(seq, later);
      await arrive(stores, seq);
      // A request that is repeated with the key must not make a second message.
      expect((await messagesOf(to, seq)).map(({ payload }) => payload)).toEqual([null]);
      expect(await to.store.queue.idempotency.get(sent.idempotency!.key, to.now)).toMatchObject({ kind: "message" });
      to.now = sent.idempotency!.expiresAt;
      expect(await to.store.queue.idempotency.get(sent.idempotency!.key, to.now)).toBeNull();
    });

    test("a message whose key expires within seconds after the arrival is found by the key, with its payload", async () => {
      await using stores = await TwoStores.open(open);
      const { from, to } = stores;
      const keyed = await sendKeyed(from, "order-1");
      from.now = to.now = keyed.idempotency!.expiresAt - 1000;
      const { seq } = await stores.settings();
      await stores.keys(seq);
      await arrive(stores, seq);
      const found = await to.store.queue.idempotency.get(keyed.idempotency!.key, to.now);
      expect(found?.kind).toBe("message");
      const [message] = await messagesOf(to, seq);
      expect(message).toMatchObject({ seq: (found as { messageSeq: number }).messageSeq, payload: keyed.payload });
    });

    test("a message whose key expires soon after the arrival stays, and so does an expired one that waits", async () => {
      await using stores = await TwoStores.open(open);
      const { from, to } = stores;
      const waiting = await from.send({ idempotency: entryOf(from, "waits") });
      from.now += 5 * MINUTE_MS;
      const keyed = await sendKeyed(from, "order-1");
      from.now = to.now = waiting.idempotency!.expiresAt - 1;
      const { seq } = await stores.settings();
      await stores.keys(seq);
      from.now = to.now = waiting.idempotency!.expiresAt + MINUTE_MS;
      await arrive(stores, seq);
      const payloads = (await messagesOf(to, seq)).map(({ payload }) => Buffer.from(payload!).toString());
      expect(payloads).toEqual([waiting, keyed].map(({ payload }) => Buffer.from(payload!).toString()));
      const found = await to.store.queue.idempotency.get(keyed.idempotency!.key, to.now);
      expect(found).toMatchObject({ kind: "message" });
    });

    test("keys that were copied before a move was given up are copied again, and find the messages of the next move", async () => {
      await using stores = await TwoStores.open(open);
      const { from, to, destination } = stores;
      await sendKeyed(from, "order-1");
      const first = await stores.settings();
      const { later } = await stores.keys(first.seq);
      await destination.abandon(first.seq, null, to.now);
      await to.sendMany(3);
      const { seq } = await stores.settings();
      const { page } = await stores.origin.keys(stores.seq, later, from.now);
      expect(await destination.storeKeys(seq, page, to.now)).toBe("behind");
      await stores.keys(seq);
      await arrive(stores, seq);
      const [message] = await messagesOf(to, seq);
      const found = await to.store.queue.idempotency.get(sha256("order-1"), to.now);
      expect(found).toMatchObject({ kind: "message", messageSeq: message!.seq });
    });

    test("an application with thousands of keyed messages arrives with one commit, and they all stay", async () => {
      await using stores = await TwoStores.open(open);
      const { from, to } = stores;
      const keyed = await sendManyKeyed(from, 3000);
      const waiting = await from.sendMany(10);
      const { seq } = await stores.settings();
      await stores.keys(seq);
      await stores.waiting(seq);
      const before = commitsOf(to);
      expect(await stores.destination.arrive(seq, HOLD, to.now)).toMatchObject({ pending: 10 });
      expect(commitsOf(to) - before).toBe(1);
      expect(await messagesOf(to, seq)).toHaveLength(keyed.length + waiting.length);
      const { idempotency } = to.store.queue;
      expect(await idempotency.get(sha256("key-2999"), to.now)).toMatchObject({ kind: "message" });
    });

    test("an application for which thousands of copied messages wait arrives with one commit", async () => {
      await using stores = await TwoStores.open(open);
      const { from, to } = stores;
      await from.sendMany(1500);
      const { seq } = await stores.settings();
      await stores.copyMessages(seq, await seqsOf(from));
      await stores.waiting(seq);
      const before = commitsOf(to);
      expect(await stores.destination.arrive(seq, HOLD, to.now)).toMatchObject({ pending: 1500 });
      expect(commitsOf(to) - before).toBe(1);
      expect(await messagesOf(to, seq)).toHaveLength(1500);
    });

    test("a keyed message stays although the page with it comes again after its key", async () => {
      await using stores = await TwoStores.open(open);
      const { from, to } = stores;
      const { seq: sent } = await sendKeyed(from, "order-1");
      const { seq } = await stores.settings();
      await stores.keys(seq);
      await stores.copyMessages(seq, [sent]);
      await arrive(stores, seq);
      expect(await messagesOf(to, seq)).toHaveLength(1);
    });

    test("messages that nobody waits for are deleted although giving up their move had begun before it went on", async () => {
      await using stores = await TwoStores.open(open);
      const { from, to, destination } = stores;
      const keyed = await sendManyKeyed(from, 700);
      const unwaited = await sendUnwaited(from, 700);
      const { seq } = await stores.settings();
      await stores.keys(seq);
      await stores.copyMessages(
        seq,
        unwaited.map((message) => message.seq),
      );
      // The hold begins after the first step of the deletion, which ends it.
      const abandoned = destination.abandon(seq, null, to.now);
      await stores.settings(HOLD);
      expect(await abandoned).toBeNull();
      const left = (await messagesOf(to, seq)).length;
      expect(left).toBeLessThan(keyed.length + unwaited.length);
      expect(left).toBeGreaterThan(unwaited.length);

      await stores.keys(seq);
      await arrive(stores, seq);
      expect(await messagesOf(to, seq)).toHaveLength(keyed.length);
    });

    test("of thousands of copied messages, those with a key and those that wait stay, the others are deleted in steps", async () => {
      await using stores = await TwoStores.open(open);
      const { from, to, destination } = stores;
      const unwaited = await sendUnwaited(from, 1300);
      const keyed = [];
      for (let i = 0; i < 30; i++) keyed.push(await sendKeyed(from, `key-${i}`));
      const waiting = await from.sendMany(2);
      const { seq } = await stores.settings();
      await stores.copyMessages(
        seq,
        unwaited.map((message) => message.seq),
      );
      await stores.keys(seq);
      await stores.waiting(seq);
      const before = commitsOf(to);
      expect(await destination.arrive(seq, HOLD, to.now)).not.toBeNull();
      expect(commitsOf(to) - before).toBeGreaterThanOrEqual(3);
      expect(await messagesOf(to, seq)).toHaveLength(keyed.length + waiting.length);
    });
  });
}
