import { afterAll, describe, expect, test } from "bun:test";
import type { Seq } from "../../../../src/core/id.ts";
import type { Signal } from "../../../../src/core/signal.ts";
import { type NewMessage, type PageRequest, type Store, StoreUnavailable } from "../../../../src/store/index.ts";
import { hasPostgres } from "../../../support/postgres.ts";
import { soon } from "../../../support/soon.ts";
import { EVERYTHING, type Furnished, LANE_START } from "../../furnished.ts";
import { closeSharedServer } from "../open.ts";
import { openTwo, type TwoInstances } from "./two-instances.ts";

afterAll(closeSharedServer);

/** Returns a message with a number of this store, as in the server. */
function messageOf(world: Furnished, store: Store, change: Partial<NewMessage> = {}): NewMessage {
  const seq = store.numbers.take(2);
  const deliveries = [{ seq: seq + store.numbers.stride, endpointSeq: world.endpoint.seq }];
  return world.newMessage({ seq, deliveries, ...change });
}

async function readLane({ world, other }: TwoInstances): Promise<Seq[]> {
  return (await other.queue.due(world.endpoint.seq, LANE_START, EVERYTHING, 1000)).map(({ messageSeq }) => messageSeq);
}

async function readBatches({ world, other }: TwoInstances): Promise<Seq[]> {
  const rows = await other.queue.batch.due(world.endpoint.seq, LANE_START, EVERYTHING, 1000);
  return rows.map(({ messageSeq }) => messageSeq);
}

async function listAscending({ world, other }: TwoInstances): Promise<Seq[]> {
  const page: PageRequest = { limit: 1000, from: null, backwards: false, order: "ascending" };
  return (await other.history.messages.list(world.application.seq, {}, page, false)).rows.map(({ seq }) => seq);
}

/** Leases all messages of a group. The leases end at once, so that the next call leases them again. */
async function leaseGroup({ world, other }: TwoInstances): Promise<Seq[]> {
  const limits = { limit: 1000, bytesMax: 1_000_000, groupsMax: 1, leasesMax: 1000 };
  const key = { applicationSeq: world.application.seq, sink: "main", group: "workers" };
  const leases = await other.history.groups.lease(key, { ...limits, now: 1, endsAt: 1, begin: 0 });
  return leases === "full" ? [] : leases.map(({ messageSeq }) => messageSeq);
}

const READERS = {
  "a FIFO lane": readLane,
  "a FIFO lane of batches": readBatches,
  "an ascending list of messages": listAscending,
  "a group of pollers": leaseGroup,
};

describe.skipIf(!hasPostgres)("what instances see of each other", () => {
  test.each(Object.entries(READERS))(
    "%s is not read past a message of another instance whose commit takes longer",
    async (_, read) => {
      await using opened = await openTwo();
      const { world, one, other, sql } = opened;
      await soon(() => one.feed.isShared(), Boolean);
      // The commit has to wait for the other transaction, which has the same event id.
      using blocker = await sql.reserve();
      await blocker`BEGIN`;
      await blocker`INSERT INTO event_id VALUES (${world.application.seq}, 'held', 1)`;
      const first = messageOf(world, one, { eventId: "held" });
      let isFirstStored = false;
      const accepting = one.queue.accept([first]).then(() => {
        isFirstStored = true;
      });
      await soon(
        () => sql`SELECT count(*)::int AS count FROM pg_stat_activity WHERE wait_event_type = 'Lock'`,
        ([row]) => row.count > 0,
      );
      other.numbers.reach(first.seq);
      const second = messageOf(world, other);
      await other.queue.accept([second]);
      const third = messageOf(world, other);
      await other.queue.accept([third]);
      expect(await read(opened)).toEqual([]);
      expect(isFirstStored).toBe(false);
      await blocker`ROLLBACK`;
      await accepting;
      const seen = await soon(
        () => read(opened),
        ({ length }) => length > 0,
      );
      expect(seen[0]).toBe(first.seq);
      const all = [first.seq, second.seq, third.seq];
      expect(
        await soon(
          () => read(opened),
          ({ length }) => length === 3,
        ),
      ).toEqual(all);
    },
  );

  test("a lane whose order does not count is read at once, and a later message before the cursor is in it", async () => {
    await using opened = await openTwo();
    const { world, one, other } = opened;
    await world.store.configuration.endpoints.update(world.endpoint.seq, () => ({ ordering: "parallel" }));
    const first = messageOf(world, one);
    other.numbers.reach(first.seq);
    const second = messageOf(world, other);
    await other.queue.accept([second]);
    expect(await readLane(opened)).toEqual([second.seq]);
    await one.queue.accept([first]);
    expect(await readLane(opened)).toEqual([first.seq, second.seq]);
  });

  test("a reader that follows the messages of two instances sees each one once, in order", async () => {
    await using opened = await openTwo();
    const { world, one, other } = opened;
    const sent: Seq[] = [];
    let isDone = false;
    const sending = [one, other].map(async (store) => {
      for (let i = 0; i < 60; i++) {
        const messages = Array.from({ length: 1 + (i % 3) }, () => messageOf(world, store));
        sent.push(...messages.map(({ seq }) => seq));
        await store.queue.accept(messages);
      }
    });
    const all = Promise.all(sending).finally(() => {
      isDone = true;
    });
    const seen: Seq[] = [];
    let after = LANE_START;
    const follow = async () => {
      const rows = await other.queue.due(world.endpoint.seq, after, EVERYTHING, 7);
      after = rows.at(-1) ?? after;
      seen.push(...rows.map(({ messageSeq }) => messageSeq));
    };
    while (!isDone) await follow();
    await all;
    await soon(
      async () => {
        await follow();
        return seen.length;
      },
      (count) => count >= sent.length,
    );
    expect(seen).toEqual(sent.toSorted((a, b) => a - b));
  });

  test("a message that is sent after another instance has accepted one gets a greater number", async () => {
    await using opened = await openTwo();
    const { world, one, other } = opened;
    await soon(() => one.feed.isShared(), Boolean);
    let last = 0;
    for (let i = 0; i < 40; i++) {
      const store = i % 2 === 0 ? one : other;
      // Very many numbers in one millisecond run ahead of the clock.
      if (i % 10 === 0) store.numbers.take(2000);
      const message = messageOf(world, store);
      expect(message.seq).toBeGreaterThan(last);
      await store.queue.accept([message]);
      last = message.seq;
    }
  });

  test("a signal of one instance reaches the other, and many for one lane arrive as the smallest position", async () => {
    await using opened = await openTwo();
    const { one, other, signals } = opened;
    one.feed.publish({ type: "lane.filled", endpointSeq: 1, position: 20 });
    one.feed.publish({ type: "endpoint.changed", endpointSeq: 1, applicationSeq: 2 });
    one.feed.publish({ type: "lane.filled", endpointSeq: 1, position: 30 });
    one.feed.publish({ type: "socket-consumers.changed", endpointSeq: 1, hasConnected: true });
    other.feed.publish({ type: "lane.changed", endpointSeq: 9 });
    await soon(
      () => signals.length,
      (count) => count >= 2,
    );
    expect(signals).toEqual([
      { type: "endpoint.changed", endpointSeq: 1, applicationSeq: 2 },
      { type: "lane.filled", endpointSeq: 1, position: 20 },
    ]);
  });

  test("an instance learns that another one has committed, each time", async () => {
    await using opened = await openTwo();
    const { world, one, commits } = opened;
    for (let i = 0; i < 2; i++) {
      const before = commits.length;
      await one.queue.accept([messageOf(world, one)]);
      await soon(
        () => commits.length,
        (count) => count > before,
      );
    }
  });

  test("an instance that ends reports its last changes, and only its lanes count as changed", async () => {
    await using opened = await openTwo();
    const { world, signals } = opened;
    const third = await world.openBeside();
    await soon(
      () => signals.length,
      (count) => count === 1,
    );
    third.feed.publish({ type: "lane.changed", endpointSeq: 9 });
    await third.close();
    await soon(
      () => signals.length,
      (count) => count >= 3,
    );
    expect(signals).toEqual([
      { type: "instances.changed" },
      { type: "lane.changed", endpointSeq: 9 },
      { type: "instances.changed" },
    ]);
  });

  test("what a process changes that comes and goes while nobody looks is reported", async () => {
    await using opened = await openTwo();
    const { sql, signals } = opened;
    const visit = (body: string) =>
      sql.begin(async (transaction) => {
        const [{ fence }] = await transaction`UPDATE instance SET fence = fence + 1 WHERE slot = 9 RETURNING fence`;
        await transaction`INSERT INTO change (slot, fence, number, body) VALUES (9, ${fence}, 1, ${body})`;
      });
    const tokens: Signal = { type: "tokens.changed", environmentSeq: null };
    const lane: Signal = { type: "lane.filled", endpointSeq: 7, position: 8 };
    await visit(JSON.stringify({ filled: [], signals: [tokens] }));
    await soon(
      () => signals.length,
      (count) => count >= 1,
    );
    await visit(JSON.stringify({ filled: [[7, 8]], signals: [] }));
    await soon(
      () => signals.length,
      (count) => count >= 2,
    );
    expect(signals).toEqual([tokens, lane]);
  });

  test("after two processes have used the same row while nobody looked, everything counts as changed", async () => {
    await using opened = await openTwo();
    const { sql, signals } = opened;
    await sql`UPDATE instance SET fence = fence + 2 WHERE slot = 9`;
    await soon(
      () => signals.length,
      (count) => count >= 1,
    );
    expect(signals).toEqual([{ type: "store.changed" }]);
  });

  test("when the lease of an instance has expired, the others take everything for changed", async () => {
    await using opened = await openTwo();
    const { sql, signals } = opened;
    await sql`UPDATE instance SET expires_at = '-infinity' WHERE slot = 0`;
    await soon(
      () => signals.map(({ type }) => type),
      (types) => types.includes("store.changed"),
    );
    expect(signals[0]).toEqual({ type: "instances.changed" });
  });

  test("an instance that was evicted commits no message that it numbered before", async () => {
    await using opened = await openTwo();
    const { world, one, other, sql } = opened;
    const numbered = messageOf(world, one);
    await sql`UPDATE instance SET expires_at = '-infinity' WHERE slot = 0`;
    await soon(
      () => sql`SELECT held FROM instance WHERE slot = 0`,
      ([row]) => row.held === false,
    );
    const passing = messageOf(world, other);
    await other.queue.accept([passing]);
    await soon(
      () => readLane(opened),
      ({ length }) => length === 1,
    );
    await expect(one.queue.accept([numbered])).rejects.toBeInstanceOf(StoreUnavailable);
    const later = messageOf(world, one);
    await one.queue.accept([later]);
    expect(
      await soon(
        () => readLane(opened),
        ({ length }) => length === 2,
      ),
    ).toEqual([passing.seq, later.seq]);
  });
});
