import { afterAll, describe, expect, test } from "bun:test";
import type { Seq } from "../../../../src/core/id.ts";
import { MINUTE_MS, type SeriesRow } from "../../../../src/core/series.ts";
import type { GroupKey, Lease, LeaseOptions } from "../../../../src/store/index.ts";
import { hasPostgres } from "../../../support/postgres.ts";
import { soon } from "../../../support/soon.ts";
import type { Furnished } from "../../furnished.ts";
import { ALL } from "../../pages.ts";
import { atOnce } from "../at-once.ts";
import { closeSharedServer, openShared } from "../open.ts";

afterAll(closeSharedServer);

const optionsOf = ({ now }: Furnished, change: Partial<LeaseOptions> = {}): LeaseOptions => ({
  ...{ limit: 3, bytesMax: 1_000_000, groupsMax: 3, leasesMax: 100, now, endsAt: now + 1000, begin: 0 },
  ...change,
});

const seqsOf = (leases: readonly Lease[] | "full") => (leases === "full" ? [] : leases.map((one) => one.messageSeq));

/** Sends messages, and waits until each instance knows that none before them will become visible. */
async function sendVisible(world: Furnished, count: number): Promise<readonly Seq[]> {
  const messages = (await world.sendMany(count)).map(({ seq }) => seq);
  const list = () => world.store.history.messages.list(world.application.seq, {}, ALL, false);
  await soon(list, ({ rows }) => rows.length === count);
  return messages;
}

describe.skipIf(!hasPostgres)("records of two instances that share a PostgreSQL database", () => {
  test("calls of one group at two instances lease different messages, and the first ones create the group once", async () => {
    await using shared = await openShared();
    const { world, other, sql } = shared;
    const messages = await sendVisible(world, 9);
    const key: GroupKey = { applicationSeq: world.application.seq, sink: "main", group: "workers" };
    const lease = (hold: string) =>
      atOnce(sql, hold, () => [
        world.store.history.groups.lease(key, optionsOf(world)),
        other.history.groups.lease(key, optionsOf(world)),
      ]);
    const [first, second] = await lease("SELECT 1 FROM application FOR UPDATE");
    expect([...seqsOf(first), ...seqsOf(second)].toSorted()).toEqual(messages.slice(0, 6));
    const [third, fourth] = await lease("SELECT 1 FROM poller_group FOR UPDATE");
    expect([...seqsOf(third), ...seqsOf(fourth)]).toEqual(messages.slice(6));
  });

  test("a lease that one instance acknowledges is not leased again by the other one at the same time", async () => {
    await using shared = await openShared();
    const { world, other, sql } = shared;
    const messages = await sendVisible(world, 3);
    const key: GroupKey = { applicationSeq: world.application.seq, sink: "main", group: "workers" };
    const { groups } = world.store.history;
    await groups.lease(key, optionsOf(world));
    world.now += 1000;
    const again = await sql.begin(async (acknowledging) => {
      await acknowledging`DELETE FROM poller_lease WHERE message_seq = ${messages[0]!}`;
      return other.history.groups.lease(key, optionsOf(world));
    });
    expect(seqsOf(again)).toEqual(messages.slice(1));
    expect(seqsOf(await groups.lease(key, optionsOf(world)))).toEqual([]);
  });

  test("two instances together keep no more consumers of an application than allowed", async () => {
    await using shared = await openShared();
    const { world, other, sql } = shared;
    const options = { onlyForward: false, consumersMax: 1, now: world.now };
    const key = { applicationSeq: world.application.seq, sink: "main" };
    const results = await atOnce(sql, "SELECT 1 FROM application FOR UPDATE", () => [
      world.store.history.pollers.move({ ...key, consumer: "one" }, 1, options),
      other.history.pollers.move({ ...key, consumer: "two" }, 1, options),
    ]);
    expect(results.filter((isMoved) => isMoved)).toHaveLength(1);
  });

  test("a cursor that two instances move at the same time ends at the later message", async () => {
    await using shared = await openShared();
    const { world, other, sql } = shared;
    const { pollers } = world.store.history;
    const options = { onlyForward: true, consumersMax: 2, now: world.now };
    for (const [consumer, one, two] of [
      ["one", 5, 3],
      ["two", 3, 5],
    ] as const) {
      const key = { applicationSeq: world.application.seq, sink: "main", consumer };
      const move = (hold: string, to: number, toOther: number) =>
        atOnce(sql, hold, () => [pollers.move(key, to, options), other.history.pollers.move(key, toOther, options)]);
      expect(await move("SELECT 1 FROM application FOR UPDATE", one, two)).toEqual([true, true]);
      expect(await pollers.cursor(key)).toBe(5);
      await move("SELECT 1 FROM poller FOR UPDATE", 5 + one, 5 + two);
      expect(await pollers.cursor(key)).toBe(10);
    }
  });

  test("counts over time that two instances add at the same time add up", async () => {
    await using shared = await openShared();
    const { world, other, sql } = shared;
    const bucket = { scopeSeq: world.environment.seq, stepMs: MINUTE_MS };
    const row = (startAt: number, durations: number[]): SeriesRow => ({
      ...{ ...bucket, startAt, accepted: 1, attempts: 2, failed: 3, delivered: 4, dead: 5, durations },
    });
    const { series } = world.store.history;
    await series.add([row(0, [1]), row(MINUTE_MS, [])]);
    await atOnce(sql, "SELECT 1 FROM series FOR UPDATE", () => [
      series.add([row(MINUTE_MS, [0, 7]), row(0, [1, 2, 3])]),
      other.history.series.add([row(0, [5, 0, 1]), row(0, [1]), row(MINUTE_MS, [1])]),
    ]);
    const sum = (startAt: number, times: number, durations: number[]) => ({
      ...{ ...bucket, startAt, accepted: times, attempts: 2 * times, failed: 3 * times, delivered: 4 * times },
      ...{ dead: 5 * times, durations },
    });
    expect(await other.history.series.read(bucket.scopeSeq, MINUTE_MS, 0, 10 * MINUTE_MS)).toEqual([
      sum(0, 4, [8, 2, 4]),
      sum(MINUTE_MS, 3, [1, 7]),
    ]);
  });

  test("a link to a payload is used by one of two instances", async () => {
    await using shared = await openShared();
    const { world, other } = shared;
    const used = await Promise.all([world.store.history.payloadLinks.use(1), other.history.payloadLinks.use(1)]);
    expect(used.filter((isUsed) => isUsed)).toHaveLength(1);
  });
});
