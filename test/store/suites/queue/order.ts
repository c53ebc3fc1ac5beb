import { describe, expect, test } from "bun:test";
import type { Seq } from "../../../../src/core/id.ts";
import type { LaneCursor, NewMessage, PageRequest } from "../../../../src/store/index.ts";
import { EVERYTHING, Furnished, LANE_START } from "../../furnished.ts";
import type { Open } from "../../store-under-test.ts";

const MESSAGES = 400;

/**
 * Returns a message with numbers that the store has allocated, as in the server. Numbers from
 * `world` could collide with them.
 */
function newMessage(world: Furnished): NewMessage {
  const seq = world.store.numbers.take(2);
  return world.newMessage({ seq, deliveries: [{ seq: seq + 1, endpointSeq: world.endpoint.seq }] });
}

/** Accepts messages in many concurrent calls, with pauses in which some of them are committed. */
async function acceptMany(world: Furnished): Promise<Seq[]> {
  const sent: Seq[] = [];
  const accepting: Promise<unknown>[] = [];
  while (sent.length < MESSAGES) {
    for (let i = 0; i < 1 + (sent.length % 7); i++) {
      const message = newMessage(world);
      sent.push(message.seq);
      accepting.push(world.store.queue.accept([message]));
    }
    await new Promise<void>((resolve) => (sent.length % 3 === 0 ? setTimeout(resolve, 1) : setImmediate(resolve)));
  }
  await Promise.all(accepting);
  return sent;
}

/**
 * Calls `read` until `isDone` returns true, and then once more. The last call must see everything
 * that was committed before it.
 */
async function follow(isDone: () => boolean, read: () => Promise<void>): Promise<void> {
  for (let wasDone = false; !wasDone; ) {
    wasDone = isDone();
    await read();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/**
 * Readers that follow a list by number. Each call reads the next rows and returns their messages'
 * numbers.
 */
const READERS: Readonly<Record<string, (world: Furnished) => () => Promise<readonly Seq[]>>> = {
  due: (world) => {
    let after: LaneCursor = LANE_START;
    return async () => {
      const rows = await world.store.queue.due(world.endpoint.seq, after, EVERYTHING, 10);
      after = rows.at(-1) ?? after;
      return rows.map(({ messageSeq }) => messageSeq);
    };
  },
  "messages.list": (world) => {
    let from: Seq | null = null;
    return async () => {
      const page: PageRequest = { limit: 10, from, backwards: false, order: "ascending" };
      const { rows } = await world.store.history.messages.list(world.application.seq, {}, page, false);
      from = rows.at(-1)?.seq ?? from;
      return rows.map(({ seq }) => seq);
    };
  },
  replayable: (world) => {
    let from: Seq = 0;
    return async () => {
      const order = {
        applicationSeq: world.application.seq,
        endpointSeq: world.endpoint.seq,
        which: "sent",
        status: "waiting",
        from,
        to: EVERYTHING,
        askedAt: EVERYTHING,
        now: EVERYTHING,
      } as const;
      const { rows } = await world.store.history.replayable(order, 10);
      from = rows.at(-1)?.messageSeq ?? from;
      return rows.map(({ messageSeq }) => messageSeq);
    };
  },
};

export function orderSuite(open: Open): void {
  describe("order", () => {
    test.each(Object.entries(READERS))(
      "a reader that follows %s by number misses no message that is accepted concurrently",
      async (_, reader) => {
        await using world = await Furnished.open(open);
        let isDone = false;
        const accepting = acceptMany(world).finally(() => {
          isDone = true;
        });
        const seen: Seq[] = [];
        const read = reader(world);
        await follow(
          () => isDone,
          async () => {
            for (let page = await read(); page.length > 0; page = await read()) seen.push(...page);
          },
        );
        const sent = await accepting;
        expect(sent.length).toBeGreaterThanOrEqual(MESSAGES);
        expect(seen).toEqual(sent.toSorted((a, b) => a - b));
      },
    );

    test("concurrent calls of `accept` resolve in the order in which they were made", async () => {
      await using world = await Furnished.open(open);
      await world.send({ eventId: "known" });
      const resolved: number[] = [];
      const calls = Array.from({ length: 60 }, async (_, i) => {
        // Some messages are refused, some are larger than others, and some calls send several
        // messages.
        const messages = Array.from({ length: 1 + (i % 3) }, () => newMessage(world));
        const eventId = i % 5 === 0 ? "known" : null;
        await world.store.queue.accept(messages.map((message) => ({ ...message, eventId })));
        resolved.push(i);
      });
      await Promise.all(calls);
      expect(resolved).toEqual(Array.from({ length: 60 }, (_, i) => i));
    });

    test("a read that begins after a write has resolved sees that write", async () => {
      await using world = await Furnished.open(open);
      const { configuration, history, housekeeping, queue } = world.store;
      await Promise.all(
        Array.from({ length: 30 }, async (_, i) => {
          const message = newMessage(world);
          await queue.accept([message]);
          expect(await history.messages.get(message.seq)).not.toBeNull();
          expect(await queue.contents([message.seq])).toMatchObject([{ seq: message.seq }]);
          const uid = `uid-${i}`;
          const application = { ...world.newApplication(), seq: world.store.numbers.next(), uid };
          await configuration.applications.create(application);
          expect(await configuration.applications.find(world.environment.seq, { uid })).toEqual(application);
          await configuration.applications.update(application.seq, () => ({ name: uid }));
          expect(await configuration.applications.get(application.seq)).toMatchObject({ name: uid });
          await housekeeping.meta.set(uid, uid);
          expect(await housekeeping.meta.get(uid)).toBe(uid);
        }),
      );
    });
  });
}
