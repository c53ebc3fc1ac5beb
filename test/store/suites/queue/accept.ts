import { describe, expect, test } from "bun:test";
import type { IdempotencyEntry } from "../../../../src/store/index.ts";
import { bytes, Furnished, receivedBy } from "../../furnished.ts";
import type { Open } from "../../store-under-test.ts";

export function acceptSuite(open: Open): void {
  describe("accept", () => {
    test("`accept` stores every byte of a message", async () => {
      await using world = await Furnished.open(open);
      const payload = Uint8Array.from({ length: 256 }, (_, i) => i);
      const message = await world.send({
        payload,
        eventType: "user.created",
        eventId: "event-1",
        channels: ["eu", "日本"],
        tags: ["a", "b"],
        contentType: "text/plain",
        headers: { "X-Trace": "7" },
      });
      await world.reopen();
      const { deliveries: _, idempotency: __, payloadExpiresAt: ___, ...kept } = message;
      expect(kept).toMatchObject({ payload, eventId: "event-1" });
      expect(await world.store.history.messages.get(message.seq)).toEqual(kept);
    });

    test("`accept` stores how a source received a message", async () => {
      await using world = await Furnished.open(open);
      const received = receivedBy(17);
      const passed = receivedBy(17, { state: "verified", cause: null, redacted: [], reply: null });
      const messages = [await world.send({ received }), await world.send({ received: passed }), await world.send()];
      await world.reopen();
      const kept = await Promise.all(messages.map(({ seq }) => world.store.history.messages.get(seq)));
      expect(kept.map((message) => message!.received)).toEqual([received, passed, null]);
    });

    test("`accept` stores the trace of a message, and attempts get it", async () => {
      await using world = await Furnished.open(open);
      const traceparent = `00-${"a".repeat(32)}-${"b".repeat(16)}-01`;
      const traces = [{ traceparent, tracestate: "a=1" }, { traceparent, tracestate: null }, null];
      const received = receivedBy(17);
      const messages = [
        ...(await Promise.all(traces.map((trace) => world.send({ trace })))),
        await world.send({ trace: traces[0]!, received }),
      ];
      await world.reopen();
      const contents = await world.store.queue.contents(messages.map(({ seq }) => seq));
      expect(contents.map((content) => content!.trace ?? null)).toEqual([...traces, traces[0]!]);
      expect(contents.map((content) => content!.received)).toEqual([null, null, null, received]);
    });

    test("`accept` creates one delivery per endpoint, which is due immediately", async () => {
      await using world = await Furnished.open(open);
      const other = await world.addEndpoint();
      const message = await world.send({}, [world.endpoint.seq, other.seq]);
      for (const { seq, endpointSeq } of message.deliveries) {
        expect(await world.waiting(endpointSeq)).toEqual([
          {
            seq,
            messageSeq: message.seq,
            endpointSeq,
            position: seq,
            dueAt: message.acceptedAt,
            attempts: 0,
            round: 0,
            trigger: "schedule",
            batchSeq: null,
          },
        ]);
      }
    });

    test("`accept` stores a message without deliveries", async () => {
      await using world = await Furnished.open(open);
      const message = await world.send({}, []);
      expect(await world.store.history.messages.get(message.seq)).toMatchObject({ seq: message.seq });
      expect(await world.store.history.messages.deliveries(message.seq)).toEqual([]);
    });

    test("`accept` allows an empty batch", async () => {
      await using world = await Furnished.open(open);
      expect(await world.store.queue.accept([])).toEqual([]);
    });

    test("`accept` stores no part of a message whose event id is already in use", async () => {
      await using world = await Furnished.open(open);
      const first = await world.send({ eventId: "event-1" });
      const second = world.newMessage({ eventId: "event-1" }, [world.endpoint.seq]);
      expect(await world.store.queue.accept([second])).toEqual([{ accepted: false, because: "event-id" }]);
      expect(await world.store.history.messages.get(second.seq)).toBeNull();
      expect((await world.waiting()).map(({ messageSeq }) => messageSeq)).toEqual([first.seq]);
    });

    test("within a batch, a message whose event id is already in use does not affect the other messages", async () => {
      await using world = await Furnished.open(open);
      await world.send({ eventId: "stored" });
      const batch = ["stored", "new", "new", null].map((eventId) =>
        world.newMessage({ eventId }, [world.endpoint.seq]),
      );
      expect((await world.store.queue.accept(batch)).map(({ accepted }) => accepted)).toEqual([
        false,
        true,
        false,
        true,
      ]);
      const kept = await Promise.all(batch.map(({ seq }) => world.store.history.messages.get(seq)));
      expect(kept.map((message) => message !== null)).toEqual([false, true, false, true]);
      expect(await world.waiting()).toHaveLength(3);
    });

    test("used event ids are remembered across a restart, separately for each application", async () => {
      await using world = await Furnished.open(open);
      const other = await world.addApplication();
      await world.send({ eventId: "event-1" });
      await world.reopen();
      const results = await world.store.queue.accept([
        world.newMessage({ eventId: "event-1" }),
        world.newMessage({ eventId: "event-1", applicationSeq: other.seq }),
      ]);
      expect(results.map(({ accepted }) => accepted)).toEqual([false, true]);
    });

    test("`accept` returns the stored result of a used idempotency key and stores no message", async () => {
      await using world = await Furnished.open(open);
      const idempotency = entry(world.now + 1000);
      const first = await world.send({ idempotency });
      const second = world.newMessage({ idempotency }, [world.endpoint.seq]);
      expect(await world.store.queue.accept([second])).toEqual([
        { accepted: false, because: "idempotency", response: { kind: "message", messageSeq: first.seq } },
      ]);
      expect(await world.store.history.messages.get(second.seq)).toBeNull();
      expect(await world.waiting()).toHaveLength(1);
    });

    test("`accept` stores only one of two concurrent messages with the same idempotency key", async () => {
      await using world = await Furnished.open(open);
      const idempotency = entry(world.now + 1000);
      const both = [world.newMessage({ idempotency }), world.newMessage({ idempotency })];
      const results = await Promise.all(both.map((message) => world.store.queue.accept([message])));
      expect(results).toEqual([
        [{ accepted: true }],
        [{ accepted: false, because: "idempotency", response: { kind: "message", messageSeq: both[0]!.seq } }],
      ]);
    });

    test("an expired idempotency key can be used by another message", async () => {
      await using world = await Furnished.open(open);
      await world.send({ idempotency: entry(world.now + 1000) });
      world.now += 1000;
      const again = await world.send({ idempotency: entry(world.now + 1000) });
      expect(await world.store.queue.idempotency.get(entry(0).key, world.now)).toEqual({
        kind: "message",
        messageSeq: again.seq,
      });
    });

    test("a refused message does not use up its idempotency key", async () => {
      await using world = await Furnished.open(open);
      await world.send({ eventId: "event-1" });
      const idempotency = entry(world.now + 1000);
      await world.store.queue.accept([world.newMessage({ eventId: "event-1", idempotency })]);
      expect(await world.store.queue.idempotency.get(idempotency.key, world.now)).toBeNull();
    });

    test("a batch that cannot be stored is rolled back as a whole and does not affect other batches", async () => {
      await using world = await Furnished.open(open);
      const stored = await world.send();
      const [before, after] = [world.newMessage({ payload: bytes("1") }), world.newMessage({ payload: bytes("2") })];
      const inBatch = world.newMessage();
      const [first, broken, last] = await Promise.allSettled([
        world.store.queue.accept([before]),
        world.store.queue.accept([inBatch, { ...world.newMessage(), seq: stored.seq }]),
        world.store.queue.accept([after]),
      ]);
      expect([first!.status, broken!.status, last!.status]).toEqual(["fulfilled", "rejected", "fulfilled"]);
      expect(await world.store.history.messages.get(inBatch.seq)).toBeNull();
      await world.reopen();
      expect(await world.store.history.messages.get(before.seq)).toMatchObject({ payload: bytes("1") });
      expect(await world.store.history.messages.get(after.seq)).toMatchObject({ payload: bytes("2") });
    });
  });
}

function entry(expiresAt: number): IdempotencyEntry {
  return { key: new Uint8Array(32).fill(7), expiresAt, bodyHash: null };
}
