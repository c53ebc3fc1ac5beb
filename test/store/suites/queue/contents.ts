import { describe, expect, test } from "bun:test";
import { Furnished, receivedBy } from "../../furnished.ts";
import type { Open } from "../../store-under-test.ts";

export function contentsSuite(open: Open): void {
  describe("contents", () => {
    test("`contents` returns the fields that an attempt needs", async () => {
      await using world = await Furnished.open(open);
      const message = await world.send({
        headers: { "X-A": "1" },
        contentType: "text/plain",
        channels: ["eu"],
        tags: ["vip"],
      });
      const [content, nothing] = await world.store.queue.contents([message.seq, world.seqs.next()]);
      expect(content).toEqual({
        seq: message.seq,
        applicationSeq: world.application.seq,
        eventType: message.eventType,
        eventId: message.eventId,
        payload: message.payload,
        contentType: "text/plain",
        headers: { "X-A": "1" },
        channels: ["eu"],
        tags: ["vip"],
        acceptedAt: message.acceptedAt,
        received: null,
      });
      expect(nothing).toBeNull();
    });

    test("`contents` returns how a source received a message", async () => {
      await using world = await Furnished.open(open);
      const source = await world.addSource();
      const received = receivedBy(source.seq);
      const message = await world.send({ applicationSeq: source.applicationSeq, received });
      await world.reopen();
      const [content] = await world.store.queue.contents([message.seq]);
      expect(content).toMatchObject({ received });
    });

    test("`contents` keeps the requested order and returns null for each missing delivery", async () => {
      await using world = await Furnished.open(open);
      const seqs = (await world.sendMany(6)).map(({ seq }) => seq);
      const expunged = seqs[2]!;
      await world.store.queue.expunge.message(expunged);
      const asked = [seqs[5]!, 17, seqs[0]!, expunged, seqs[4]!, seqs[0]!, 18];
      const contents = await world.store.queue.contents(asked);
      expect(contents.map((content) => content?.seq ?? null)).toEqual(asked.map((seq) => (seq > 18 ? seq : null)));
      expect(contents.map((content) => content?.payload === null)).toEqual(asked.map((seq) => seq === expunged));
      expect(await world.store.queue.contents([])).toEqual([]);
    });

    test("`contents` returns no payload that was deleted after an earlier call", async () => {
      await using world = await Furnished.open(open);
      const { seq, payload } = await world.send();
      expect(await world.store.queue.contents([seq])).toMatchObject([{ payload }]);
      await world.store.queue.expunge.message(seq);
      expect(await world.store.queue.contents([seq])).toMatchObject([{ payload: null }]);
    });

    test("calls of `contents` at the same time get what each has asked for", async () => {
      await using world = await Furnished.open(open);
      const seqs = (await world.sendMany(5)).map(({ seq }) => seq);
      const calls = [[seqs[3]!, seqs[0]!], [], [17], [seqs[0]!, 18, seqs[4]!]];
      const contents = await Promise.all(calls.map((asked) => world.store.queue.contents(asked)));
      const found = contents.map((list) => list.map((content) => content?.seq ?? null));
      expect(found).toEqual(calls.map((asked) => asked.map((seq) => (seq > 18 ? seq : null))));
    });
  });
}
