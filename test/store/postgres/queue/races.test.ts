import { afterAll, describe, expect, test } from "bun:test";
import type { Store, Task } from "../../../../src/store/index.ts";
import { hasPostgres } from "../../../support/postgres.ts";
import { soon } from "../../../support/soon.ts";
import type { Furnished } from "../../furnished.ts";
import { replayOf } from "../../suites/history/replayable.ts";
import { newTask } from "../../suites/housekeeping/tasks.ts";
import { atOnce } from "../at-once.ts";
import { closeSharedServer, openShared } from "../open.ts";

afterAll(closeSharedServer);

/** Makes everybody wait who changes deliveries. */
const MESSAGES = "SELECT 1 FROM message FOR UPDATE";

async function addTask(world: Furnished, store: Store): Promise<Task> {
  const task = newTask(world);
  await store.housekeeping.tasks.create(task);
  return task;
}

/** Redrives all dead letters as one process. */
async function redriving(world: Furnished, store: Store) {
  const task = await addTask(world, store);
  const filter = { environmentSeq: world.environment.seq };
  return () =>
    store.queue.redrive(
      filter,
      { after: 0, limit: 100 },
      { first: store.numbers.take(100), now: world.now },
      () => task,
    );
}

describe.skipIf(!hasPostgres)("verbs of two instances that run at the same time on PostgreSQL", () => {
  test("dead letters that two processes redrive are redriven once each", async () => {
    await using shared = await openShared();
    const { world, other, sql } = shared;
    const messages = await world.sendMany(20);
    await world.kill();
    const [one, two] = [await redriving(world, world.store), await redriving(world, other)];
    const [first, second] = await atOnce(sql, MESSAGES, () => [one(), two()]);
    expect(first.redriven + second.redriven).toBe(messages.length);
    const waiting = await world.waiting();
    expect(waiting.map(({ round }) => round)).toEqual(messages.map(() => 1));
    expect(waiting.map(({ messageSeq }) => messageSeq).toSorted()).toEqual(messages.map(({ seq }) => seq));
  });

  test("dead letters that one process redrives and another one drops are either pending or cancelled", async () => {
    await using shared = await openShared();
    const { world, other, sql } = shared;
    const messages = await world.sendMany(20);
    await world.kill();
    const redrive = await redriving(world, world.store);
    const drop = () => other.queue.drop({ environmentSeq: world.environment.seq }, 100);
    const redriven = await sql.begin(async (lock) => {
      await lock`SELECT 1 FROM message FOR UPDATE`;
      const begun = redrive();
      expect(await drop()).toBe(messages.length);
      return { begun };
    });
    expect(await redriven.begun).toMatchObject({ redriven: 0 });
    expect(await world.waiting()).toEqual([]);
    expect(await world.delivery(messages[0]!.seq)).toMatchObject({ state: "cancelled" });
  });

  test("a successful attempt that one process settles while another one redrives its dead letter leaves one delivery", async () => {
    await using shared = await openShared();
    const { world, other } = shared;
    for (let i = 0; i < 10; i++) {
      const message = await world.send();
      const [delivery] = await world.waiting();
      await world.buryDead();
      const redrive = await redriving(world, other);
      const [[settled], { redriven }] = await Promise.all([
        world.store.queue.settle([world.settlement(delivery!, { state: "delivered" })]),
        redrive(),
      ]);
      const { state } = await world.delivery(message.seq);
      expect([settled!.change, redriven, state]).toEqual(
        redriven === 1 ? ["stale", 1, "pending"] : ["revived", 0, "delivered"],
      );
      expect(await world.store.history.messages.deliveries(message.seq)).toHaveLength(1);
      await world.store.queue.bury(world.endpoint.seq, "cancelled", world.now, 10);
    }
  });

  test("no delivery is pending without a payload if one process redrives messages that another one expunges", async () => {
    await using shared = await openShared();
    const { world, other, sql } = shared;
    const messages = await world.sendMany(20);
    await world.kill();
    const redrive = await redriving(world, world.store);
    const keys = messages.map(({ seq }) => ({ seq }));
    const [{ redriven }, { cancelled }] = await atOnce(sql, MESSAGES, () => [
      redrive(),
      other.queue.expunge.messages(world.application.seq, keys),
    ]);
    expect(cancelled).toBe(redriven);
    expect(await world.waiting()).toEqual([]);
  });

  test("missing deliveries that two processes replay are created once each", async () => {
    await using shared = await openShared();
    const { world, other, sql } = shared;
    const messages = await world.sendMany(20, { deliveries: [] });
    // Messages can be replayed as soon as the other process cannot accept an earlier one any more.
    const { rows } = await soon(
      () => world.store.history.replayable(replayOf(world, "missing"), 100),
      ({ rows }) => rows.length === messages.length,
    );
    const replaying = async (store: Store) => {
      const task = await addTask(world, store);
      return () => {
        const at = { first: store.numbers.take(rows.length), now: world.now };
        return store.queue.resendAll(world.endpoint.seq, rows, at, () => task);
      };
    };
    const [one, two] = [await replaying(world.store), await replaying(other)];
    const [first, second] = await atOnce(sql, MESSAGES, () => [one(), two()]);
    expect(first.none + second.none).toBe(messages.length);
    expect(await world.waiting()).toHaveLength(messages.length);
  });

  test("a message that two processes resend to a new endpoint has one delivery", async () => {
    await using shared = await openShared();
    const { world, other, sql } = shared;
    const message = await world.send({}, []);
    const resending = ({ queue, numbers }: Store) =>
      queue.resend(message.seq, world.endpoint.seq, {
        seq: numbers.next(),
        position: numbers.next(),
        now: world.now,
      });
    const [one, two] = await atOnce(sql, MESSAGES, () => [resending(world.store), resending(other)]);
    expect([one.was, two.was].toSorted()).toEqual(["none", "pending"]);
    expect(one.deliverySeq).toBe(two.deliverySeq);
    expect(await world.waiting()).toMatchObject([{ round: 1 }]);
  });

  test("a delivery that one process cancels while another one settles it ends once", async () => {
    await using shared = await openShared();
    const { world, other } = shared;
    for (let i = 0; i < 10; i++) {
      const message = await world.send();
      const [delivery] = await world.waiting();
      const task = await addTask(world, other);
      const range = { before: Number.MAX_SAFE_INTEGER, after: { position: 0, seq: 0 }, limit: 10 };
      const [[settled], { cancelled }] = await Promise.all([
        world.store.queue.settle([world.settlement(delivery!, { state: "delivered" })]),
        other.queue.cancel.step(world.endpoint.seq, range, world.now, () => task),
      ]);
      const { state } = await world.delivery(message.seq);
      expect([settled!.change, cancelled, state]).toEqual(
        cancelled === 1 ? ["stale", 1, "cancelled"] : ["moved", 0, "delivered"],
      );
    }
  });

  test("a process that buries a lane while deliveries are being settled does not lock their endpoint first", async () => {
    await using shared = await openShared();
    const { world, other, sql } = shared;
    await world.sendMany(3);
    await world.store.configuration.endpoints.update(world.endpoint.seq, () => ({ disabled: true }));
    const { burying } = await sql.begin(async (settling) => {
      await settling`SELECT 1 FROM pending FOR UPDATE`;
      const burying = other.queue.bury(world.endpoint.seq, "dead", world.now, 10);
      await soon(
        () => sql`SELECT query FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
        ({ length }) => length === 1,
      );
      // Settlements take this lock second.
      await settling`SELECT 1 FROM endpoint FOR NO KEY UPDATE NOWAIT`;
      return { burying };
    });
    expect(await burying).toBe(3);
    expect(await world.waiting()).toEqual([]);
  });

  test("a delivery that two processes put into batches is in one of them", async () => {
    await using shared = await openShared();
    const { world, other } = shared;
    await world.sendMany(20);
    const deliveries = await world.waiting();
    const joined = await Promise.all(
      [world.store, other].map(({ queue, numbers }) => queue.batch.close(numbers.next(), deliveries)),
    );
    expect(joined.flat().toSorted()).toEqual(deliveries.map(({ seq }) => seq));
  });
});
