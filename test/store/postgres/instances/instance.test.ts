import { afterAll, describe, expect, test } from "bun:test";
import { SQL } from "bun";
import { systemClock } from "../../../../src/edge/clock.ts";
import type { Clock } from "../../../../src/ports.ts";
import { StoreUnavailable } from "../../../../src/store/index.ts";
import { openStore } from "../../../../src/store/postgres/index.ts";
import { LANE_PARTITIONS } from "../../../../src/store/postgres/instances/lane-partition.ts";
import { RESERVED, SLOTS, SlotSeqSource } from "../../../../src/store/postgres/instances/numbers.ts";
import { hasPostgres } from "../../../support/postgres.ts";
import { soon } from "../../../support/soon.ts";
import { NO_WISHES } from "../../wishes.ts";
import { closeSharedServer, optionsFor, sharedServer } from "../open.ts";

afterAll(closeSharedServer);

/** Numbers of endpoints in all partitions. */
const ENDPOINTS = Array.from({ length: 20 * LANE_PARTITIONS }, (_, i) => i * 4096);

async function openTwo() {
  const url = await (await sharedServer()).createDatabase();
  const stores = [await openStore(optionsFor(url)), await openStore(optionsFor(url))] as const;
  const sql = new SQL(url, { max: 1 });
  return {
    stores,
    sql,
    url,
    async [Symbol.asyncDispose]() {
      for (const store of stores) await store.close();
      await sql.close();
    },
  };
}

describe.skipIf(!hasPostgres)("instances that share a PostgreSQL database", () => {
  test("the lanes are divided evenly among two processes, and no lane has two owners at any time", async () => {
    await using opened = await openTwo();
    const [one, other] = opened.stores.map(({ queue }) => queue);
    let first = await one!.claim(NO_WISHES);
    expect(ENDPOINTS.every((seq) => first.owns(seq))).toBe(true);
    let second = await other!.claim(NO_WISHES);
    // It stops to serve lanes before the other process can have them.
    first = await one!.renew(first, NO_WISHES);
    expect(ENDPOINTS.every((seq) => first.owns(seq))).toBe(false);
    expect(ENDPOINTS.some((seq) => second.owns(seq))).toBe(false);
    const shared: number[] = [];
    for (let i = 0; i < 3; i++) {
      first = await one!.renew(first, NO_WISHES);
      shared.push(...ENDPOINTS.filter((seq) => first.owns(seq) && second.owns(seq)));
      second = await other!.renew(second, NO_WISHES);
      shared.push(...ENDPOINTS.filter((seq) => first.owns(seq) && second.owns(seq)));
    }
    expect(shared).toEqual([]);
    expect(ENDPOINTS.every((seq) => first.owns(seq) || second.owns(seq))).toBe(true);
    expect(ENDPOINTS.some((seq) => first.owns(seq)) && ENDPOINTS.some((seq) => second.owns(seq))).toBe(true);
  });

  test("an evicted process that finds no free place is unavailable until another process stops", async () => {
    await using opened = await openTwo();
    const { sql, stores } = opened;
    const [store] = stores;
    const claim = await store.queue.claim(NO_WISHES);
    await sql`UPDATE instance SET held = true, owner = 'another', fence = fence + 1,
      expires_at = clock_timestamp() + interval '1 hour'`;
    const renew = () => store.queue.renew(claim, NO_WISHES);

    const refusals = [await renew().catch((error) => error), await renew().catch((error) => error)];

    for (const error of refusals) {
      expect(error).toBeInstanceOf(StoreUnavailable);
      expect(String(error)).toContain(`${SLOTS} instances already use this PostgreSQL database`);
    }
    await sql`UPDATE instance SET held = false WHERE slot = 31`;
    await soon(
      () => renew().then(() => "renewed", String),
      (outcome) => outcome === "renewed",
    );
  });

  test("a claim stays the same object while it covers the same lanes", async () => {
    await using opened = await openTwo();
    const { queue } = opened.stores[0];
    const claim = await queue.claim(NO_WISHES);
    expect(await queue.renew(claim, NO_WISHES)).toBe(claim);
    expect(await queue.renew(claim, NO_WISHES)).toBe(claim);
  });

  test("a process that is about to stop leaves all lanes except those that it keeps, and the others are told", async () => {
    await using opened = await openTwo();
    const [one, other] = opened.stores;
    let changes = 0;
    other.feed.subscribe(({ type }) => {
      if (type === "instances.changed") changes++;
    });
    let claim = await one.queue.claim(NO_WISHES);
    const wishes = { preferred: [], kept: [ENDPOINTS[1]!] };
    claim = await one.queue.renew(claim, wishes);
    const partition = ENDPOINTS.filter((_, i) => i % LANE_PARTITIONS === 1);
    expect(ENDPOINTS.filter((seq) => claim.owns(seq))).toEqual(expect.arrayContaining(partition));
    expect(ENDPOINTS.filter((seq) => claim.owns(seq))).toHaveLength(partition.length);
    let second = await other.queue.claim(NO_WISHES);
    expect(ENDPOINTS.some((seq) => second.owns(seq))).toBe(false);
    await soon(
      () => changes,
      (count) => count > 0,
    );
    changes = 0;
    await one.queue.renew(claim, wishes);
    await soon(
      () => changes,
      (count) => count > 0,
    );
    second = await other.queue.renew(second, NO_WISHES);
    expect(ENDPOINTS.filter((seq) => !second.owns(seq))).toHaveLength(partition.length);
  });

  test("the lanes of a process whose lease has ended go to the other process", async () => {
    await using opened = await openTwo();
    const { stores, sql } = opened;
    await stores[0].queue.claim(NO_WISHES);
    let claim = await stores[1].queue.claim(NO_WISHES);
    expect(ENDPOINTS.some((seq) => claim.owns(seq))).toBe(false);
    await sql`UPDATE instance SET expires_at = '-infinity' WHERE slot = 0`;
    claim = await stores[1].queue.renew(claim, NO_WISHES);
    expect(ENDPOINTS.every((seq) => claim.owns(seq))).toBe(true);
  });

  test("a process whose row was taken by another one takes another row before it commits", async () => {
    await using opened = await openTwo();
    const { stores, sql } = opened;
    await sql`UPDATE instance SET fence = fence + 1 WHERE slot = 0`;
    await stores[0].housekeeping.meta.set("name", "value");
    expect(await stores[1].housekeeping.meta.get("name")).toBe("value");
    const used = await sql`SELECT slot FROM instance WHERE commits > 0 ORDER BY slot`;
    expect(used.map((row: { slot: number }) => row.slot)).toEqual([2]);
  });

  test("instances have the time of the database, whatever the clocks of their machines show", async () => {
    await using opened = await openTwo();
    const { url, sql } = opened;
    const errorsMs = [-90_000, 200_000];
    for (const errorMs of errorsMs) {
      const clock: Clock = { ...systemClock, now: () => Date.now() + errorMs };
      const store = await openStore(optionsFor(url, { clock }));
      try {
        const before = store.clock.now();
        const [row] = await sql`SELECT (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS time`;
        // The store knows the time to within the shortest round trip so far.
        expect(row.time).toBeGreaterThan(before - 1000);
        expect(row.time).toBeLessThan(store.clock.now() + 1000);
        const { validUntil } = await store.queue.claim(NO_WISHES);
        expect(validUntil - store.clock.now()).toBeWithin(0, 10_001);
      } finally {
        await store.close();
      }
    }
  });

  test("a process that finds out from several statements at once that it was evicted takes one other row", async () => {
    await using opened = await openTwo();
    const { stores, sql } = opened;
    await sql`UPDATE instance SET fence = fence + 1, held = false WHERE slot = 0`;
    const { queue, housekeeping } = stores[0];
    await Promise.all([queue.claim(NO_WISHES), housekeeping.meta.set("name", "value"), queue.claim(NO_WISHES)]);
    const [row] = await sql`SELECT count(*)::int AS held FROM instance WHERE held`;
    expect(row.held).toBe(2);
  });

  test("a row that a process has taken without finding out, because it lost its connection, does not stay taken", async () => {
    await using opened = await openTwo();
    const { stores, sql } = opened;
    const [{ owner }] = await sql`UPDATE instance SET fence = fence + 1, held = false WHERE slot = 0 RETURNING owner`;
    await sql`UPDATE instance SET held = true, owner = ${owner}, expires_at = 'infinity' WHERE slot = 7`;
    await stores[0].housekeeping.meta.set("name", "value");
    const held = await sql`SELECT slot FROM instance WHERE held ORDER BY slot`;
    expect(held.map((row: { slot: number }) => row.slot)).toEqual([1, 2]);
  });

  test("one of several processes leads until its lease ends, and then another one does", async () => {
    await using opened = await openTwo();
    const { stores, sql } = opened;
    const [one, other] = stores.map(({ housekeeping }) => housekeeping.leads);
    const both = await Promise.all([one!(), other!()]);
    expect(both.filter(Boolean)).toHaveLength(1);
    expect(await Promise.all([one!(), other!()])).toEqual(both);
    const slot = both[0] ? 0 : 1;
    await sql`UPDATE instance SET expires_at = '-infinity' WHERE slot = ${slot}`;
    expect(await (slot === 0 ? other! : one!)()).toBe(true);
    expect(await (slot === 0 ? one! : other!)()).toBe(false);
  });

  test("numbers of different slots never meet, and several numbers of one slot are a stride apart", () => {
    const sources = Array.from({ length: SLOTS }, (_, slot) => {
      const source = new SlotSeqSource(() => Date.UTC(2026, 0, 1));
      source.use(slot, 0, Number.MAX_SAFE_INTEGER);
      return source;
    });
    const numbers = sources.flatMap((source) => {
      const first = source.take(100);
      expect(source.last).toBe(first + 99 * source.stride);
      return Array.from({ length: 100 }, (_, i) => first + i * source.stride).concat(source.next());
    });
    expect(new Set(numbers).size).toBe(numbers.length);
  });

  test("a process generates no numbers beyond those that it has reserved", () => {
    let now = Date.UTC(2026, 0, 1);
    const source = new SlotSeqSource(() => now);
    source.use(0, 0, Number.MAX_SAFE_INTEGER);
    const last = source.next();
    source.use(1, last, last + RESERVED);
    expect(source.next()).toBe(last + 1);
    now += 60_000;
    expect(() => source.next()).toThrow(StoreUnavailable);
  });
});
