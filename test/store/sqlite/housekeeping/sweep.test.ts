import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { systemClock } from "../../../../src/edge/clock.ts";
import { StoreUnavailable } from "../../../../src/store/index.ts";
import { Sweep } from "../../../../src/store/sqlite/housekeeping/sweep.ts";
import { openMemoryStore } from "../../../../src/store/sqlite/index.ts";
import { Furnished } from "../../furnished.ts";
import { openedOnce } from "../../store-under-test.ts";

describe("sweep cursor", () => {
  test("a sweep visits every row once, whatever the batch size", () => {
    using db = new Database(":memory:", { strict: true });
    db.run("CREATE TABLE row (seq INTEGER PRIMARY KEY, stays INTEGER)");
    const sql = "SELECT ?2 AS at, seq, stays FROM row WHERE seq < ?1 AND seq > ?3 ORDER BY seq LIMIT ?4";
    fc.assert(
      fc.property(fc.array(fc.boolean(), { maxLength: 30 }), fc.integer({ min: 1, max: 10 }), (rows, limit) => {
        db.run("DELETE FROM row");
        rows.forEach((stays, i) => void db.run("INSERT INTO row VALUES (?, ?)", [i + 1, stays ? 1 : 0]));
        const sweep = new Sweep(db, sql);
        for (let turn = 0; turn < 2; turn++) {
          const found: number[] = [];
          const inRuns: number[] = [];
          for (let more = true; more; ) {
            const step = sweep.read(1000, limit);
            expect(step.seqs.length).toBeLessThanOrEqual(limit);
            found.push(...step.seqs);
            for (const { first, last } of step.runs) for (let seq = first; seq <= last; seq++) inRuns.push(seq);
            more = sweep.advance(step);
          }
          expect(found).toEqual(rows.flatMap((stays, i) => (stays ? [] : [i + 1])));
          expect(inRuns).toEqual(found);
        }
      }),
    );
  });

  test("one step deletes few messages if they have many deliveries, and at least one message", async () => {
    using db = new Database(":memory:", { strict: true });
    const { store } = openMemoryStore(db, systemClock, () => {});
    await using world = await Furnished.open(async () => openedOnce(store));
    const endpoints = [world.endpoint.seq];
    for (let i = 1; i < 20; i++) endpoints.push((await world.addEndpoint()).seq);
    const messages: { readonly seq: number }[] = [];
    for (const count of [1, 6, 2, 20, 3]) messages.push(await world.send({}, endpoints.slice(0, count)));
    db.run("UPDATE delivery SET state = 1, ended_at = 1");
    world.now += 1;
    const left = async () => {
      const found = await Promise.all(messages.map(({ seq }) => store.history.messages.get(seq)));
      return found.filter((message) => message !== null).length;
    };
    const steps: [deleted: number, left: number, more: boolean][] = [];
    for (let more = true; more; ) {
      const pruned = await store.housekeeping.prune(world.now, world.now, 2);
      more = pruned.more;
      steps.push([pruned.deleted, await left(), more]);
    }
    // With a limit of two messages, a step ends before the delivery with the number nine.
    expect(steps).toEqual([
      [1 + 1 + 6 + 1, 3, true],
      [2 + 1, 2, true],
      [20 + 1, 1, true],
      [3 + 1, 0, false],
    ]);
  });

  test("one step deletes few messages if they have many attempts", async () => {
    using db = new Database(":memory:", { strict: true });
    const { store } = openMemoryStore(db, systemClock, () => {});
    await using world = await Furnished.open(async () => openedOnce(store));
    for (const failures of [1, 2, 6, 20, 3]) {
      await world.send();
      for (let attempts = 1; attempts <= failures; attempts++) {
        const [delivery] = await world.waiting();
        const { position } = delivery!;
        await world.settle(delivery!, { state: "pending", attempts, dueAt: world.now, position });
      }
      await world.settle((await world.waiting())[0]!, { state: "delivered" });
    }
    world.now += 1;
    const steps: [deleted: number, more: boolean][] = [];
    for (let more = true; more; ) {
      const pruned = await store.housekeeping.prune(world.now, world.now, 2);
      more = pruned.more;
      steps.push([pruned.deleted, more]);
    }
    // With a limit of two messages, a step ends before the message with the ninth attempt.
    const rowsBesideFailures = 3;
    expect(steps).toEqual([
      [2 * rowsBesideFailures + 1 + 2, true],
      [rowsBesideFailures + 6, true],
      [rowsBesideFailures + 20, true],
      [rowsBesideFailures + 3, false],
    ]);
  });

  test.each([
    { what: "messages", payloadExpiresAt: null, areMessagesOld: true },
    { what: "expired payloads", payloadExpiresAt: 1, areMessagesOld: false },
  ])("one step deletes few $what if they are large", async ({ payloadExpiresAt, areMessagesOld }) => {
    using db = new Database(":memory:", { strict: true });
    const { store } = openMemoryStore(db, systemClock, () => {});
    await using world = await Furnished.open(async () => openedOnce(store));
    for (let i = 0; i < 9; i++) await world.send({ payload: new Uint8Array(2_000_000), payloadExpiresAt }, []);
    world.now += 1;
    const deleted: number[] = [];
    for (let more = true; more; ) {
      const pruned = await store.housekeeping.prune(areMessagesOld ? world.now : 0, world.now, 100);
      more = pruned.more;
      deleted.push(pruned.deleted);
    }
    expect(deleted).toEqual([4, 4, 1]);
  });

  test("a sweep does not advance if its batch could not be stored", async () => {
    using db = new Database(":memory:", { strict: true });
    let isDiskFull = false;
    const { store } = openMemoryStore(
      db,
      systemClock,
      () => {},
      () => {
        if (isDiskFull) throw new StoreUnavailable("The disk is full.");
      },
    );
    await using world = await Furnished.open(async () => openedOnce(store));
    for (let i = 0; i < 4; i++) await world.send({}, []);
    world.now += 1;
    isDiskFull = true;
    await expect(store.housekeeping.prune(world.now, world.now, 2)).rejects.toBeInstanceOf(StoreUnavailable);
    isDiskFull = false;
    const pruned = [
      await store.housekeeping.prune(world.now, world.now, 2),
      await store.housekeeping.prune(world.now, world.now, 2),
    ];
    expect(pruned.map(({ deleted }) => deleted)).toEqual([2, 2]);
  });
});
