import { afterAll, describe, expect, test } from "bun:test";
import type { SQL } from "bun";
import type { Store } from "../../../../src/store/index.ts";
import { hasPostgres } from "../../../support/postgres.ts";
import { soon } from "../../../support/soon.ts";
import { DAY_MS, type Furnished } from "../../furnished.ts";
import { ALL } from "../../pages.ts";
import { closeSharedServer, openShared } from "../open.ts";

afterAll(closeSharedServer);

/** With this retention, days are dropped whole. */
const RETENTION_MS = 3 * DAY_MS;

/** Prunes until nothing is left to prune, and returns the number of deleted rows. */
async function pruneAll(world: Furnished, { housekeeping }: Store = world.store): Promise<number> {
  let deleted = 0;
  for (;;) {
    const pruned = await housekeeping.prune(world.now - RETENTION_MS, world.now, 100);
    deleted += pruned.deleted;
    if (!pruned.more) return deleted;
  }
}

async function partitionsOf(sql: SQL): Promise<string[]> {
  const rows = await sql`SELECT inhrelid::regclass::text AS name FROM pg_inherits
    WHERE inhparent IN ('message'::regclass, 'ended'::regclass, 'attempt'::regclass) ORDER BY 1`;
  return rows.map(({ name }: { name: string }) => name);
}

const tablesOf = (at: number) => ["attempt", "ended", "message"].map((table) => `${table}_${at / DAY_MS}`);

describe.skipIf(!hasPostgres)("prune on PostgreSQL with a retention of days", () => {
  test("a day past the retention is dropped with its messages, deliveries, attempts and event ids", async () => {
    await using shared = await openShared();
    const { world, sql } = shared;
    const old = await world.sendDead({ eventId: "event-1" });
    world.now += DAY_MS;
    const young = await world.sendDead({ eventId: "event-2" });
    world.now += RETENTION_MS;
    await pruneAll(world);
    expect(await partitionsOf(sql)).toEqual(tablesOf(world.now - RETENTION_MS));
    const { history } = world.store;
    expect(await history.messages.get(old.seq)).toBeNull();
    expect(await history.messages.deliveries(old.seq)).toEqual([]);
    expect(await history.messages.get(young.seq)).not.toBeNull();
    const { rows } = await history.attempts.ofEndpoint(world.endpoint.seq, {}, ALL, false);
    expect(rows.map(({ messageSeq }) => messageSeq)).toEqual([young.seq]);
    await world.send({ eventId: "event-1" });
    await expect(world.send({ eventId: "event-2" })).rejects.toThrow("event-id");
    expect(world.facts.filter(({ type }) => type === "deadletters.dropped")).toEqual([
      { type: "deadletters.dropped", environmentSeq: world.environment.seq, count: 1 },
    ]);
  });

  test("a process stores rows of a day whose partitions another one has dropped", async () => {
    await using shared = await openShared();
    const { world, other, sql } = shared;
    const first = world.newMessage();
    await other.queue.accept([first]);
    const clock = world.now;
    world.now += DAY_MS + RETENTION_MS;
    await pruneAll(world);
    expect(await partitionsOf(sql)).not.toContain(tablesOf(clock)[2]!);
    expect(await other.queue.accept([first])).toEqual([{ accepted: true }]);
    expect(await world.store.history.messages.get(first.seq)).not.toBeNull();
  });

  test("a day that is only partly past the retention is kept", async () => {
    await using shared = await openShared();
    const { world } = shared;
    const message = await world.sendDead();
    world.now += DAY_MS - 1 + RETENTION_MS;
    expect(await pruneAll(world)).toBe(0);
    expect(await world.store.history.messages.get(message.seq)).not.toBeNull();
  });

  test("a day with a pending delivery keeps only the message of that delivery until it has ended", async () => {
    await using shared = await openShared();
    const { world, sql } = shared;
    const dead = await world.sendDead({ eventId: "event-1" });
    const waiting = await world.send({ eventId: "event-2" });
    const day = world.now;
    world.now += DAY_MS + RETENTION_MS;
    await pruneAll(world);
    expect(await partitionsOf(sql)).toEqual(tablesOf(day).filter((name) => !name.startsWith("attempt")));
    const { messages } = world.store.history;
    expect(await messages.get(dead.seq)).toBeNull();
    expect(await messages.get(waiting.seq)).toMatchObject({ payload: waiting.payload });
    await world.send({ eventId: "event-1" }, []);
    await expect(world.send({ eventId: "event-2" }, [])).rejects.toThrow("event-id");
    await world.store.queue.bury(world.endpoint.seq, "cancelled", world.now, 10);
    await pruneAll(world);
    expect(await partitionsOf(sql)).toEqual(tablesOf(world.now));
  });

  test("a dropped day gives the bytes of its payloads back", async () => {
    await using shared = await openShared();
    const { world } = shared;
    const quota = { messagesPerDay: null, storedBytes: 1000 };
    const { usage, accept } = world.store.queue;
    await usage.count(world.application.seq, world.now);
    const stored = async () => (await usage.read(world.application.seq, world.now)).messages?.storedBytes;
    await accept([world.newMessage({ quota }, []), world.newMessage({ quota }, [])]);
    world.now += DAY_MS;
    const young = world.newMessage({ quota }, []);
    await accept([young]);
    expect(await stored()).toBe(3 * young.payload.length);
    world.now += RETENTION_MS;
    await pruneAll(world);
    expect(await stored()).toBe(young.payload.length);
  });

  test("a day whose rows another transaction is changing does not hold up the others for long", async () => {
    await using shared = await openShared();
    const { world, sql } = shared;
    const message = await world.sendDead();
    world.now += DAY_MS + RETENTION_MS;
    const pruning = await sql.begin(async (other) => {
      await other`SELECT 1 FROM message WHERE seq = ${message.seq} FOR NO KEY UPDATE`;
      const begun = pruneAll(world);
      const waitedFor = async () => {
        const rows = await sql`SELECT wait_event FROM pg_stat_activity
          WHERE datname = current_database() AND wait_event_type = 'Lock'`;
        return rows.map((row: { wait_event: string }) => row.wait_event);
      };
      await soon(waitedFor, (events) => events.includes("relation"));
      // It has given up the table, and waits for the row only.
      await soon(waitedFor, (events) => events.length > 0 && !events.includes("relation"));
      return { begun };
    });
    await pruning.begun;
    expect(await world.store.history.messages.get(message.seq)).toBeNull();
    await pruneAll(world);
    expect(await partitionsOf(sql)).toEqual([]);
  });

  test("two processes that prune at the same time drop each day once", async () => {
    await using shared = await openShared();
    const { world, other, sql } = shared;
    const messages = [];
    for (let day = 0; day < 4; day++) {
      messages.push(await world.sendDead());
      world.now += DAY_MS;
    }
    world.now += RETENTION_MS;
    await Promise.all([pruneAll(world), pruneAll(world, other), pruneAll(world), pruneAll(world, other)]);
    await pruneAll(world);
    expect(await partitionsOf(sql)).toEqual([]);
    for (const { seq } of messages) expect(await world.store.history.messages.get(seq)).toBeNull();
  });
});
