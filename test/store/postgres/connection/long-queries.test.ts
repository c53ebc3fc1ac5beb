import { afterAll, describe, expect, test } from "bun:test";
import { SQL } from "bun";
import type { Signal } from "../../../../src/core/signal.ts";
import { StoreUnavailable } from "../../../../src/store/index.ts";
import { openStore } from "../../../../src/store/postgres/index.ts";
import { hasPostgres } from "../../../support/postgres.ts";
import { soon } from "../../../support/soon.ts";
import { EVERYTHING, LANE_START } from "../../furnished.ts";
import { NO_WISHES } from "../../wishes.ts";
import { closeSharedServer, optionsFor, preparedDatabase } from "../open.ts";

afterAll(closeSharedServer);

/** More than there are connections. */
const QUERIES = 20;
/** Connections for reads, of which none is left while they wait. */
const READERS = 4;

describe.skipIf(!hasPostgres)("queries that take long", () => {
  test("a process learns of changes while all its connections for reads are in use", async () => {
    const url = await preparedDatabase();
    await using sql = new SQL(url, { max: 1 });
    const [one, other] = [await openStore(optionsFor(url)), await openStore(optionsFor(url))];
    const signals: Signal[] = [];
    other.feed.subscribe((signal) => signals.push(signal));
    let lists: Promise<unknown> = Promise.resolve();
    await sql.begin(async (transaction) => {
      await transaction`LOCK TABLE message IN ACCESS EXCLUSIVE MODE`;
      lists = Promise.all(Array.from({ length: QUERIES }, () => other.history.messages.get(1)));
      const waiting = () => transaction`SELECT count(*)::int AS count FROM pg_locks WHERE NOT granted`;
      await soon(waiting, ([{ count }]) => count >= READERS);
      const change: Signal = { type: "source.changed", sourceSeq: 1, environmentSeq: 1 };
      one.feed.publish(change);
      await one.feed.announced();
      await other.feed.catchUp();
      expect(signals).toContainEqual(change);
    });
    await lists;
    await one.close();
    await other.close();
  });

  test("dead letters that many callers count at once leave connections for other reads and for the lease", async () => {
    const url = await preparedDatabase();
    await using sql = new SQL(url, { max: 1 });
    const store = await openStore(optionsFor(url, { leaseMs: 2000 }));
    const { slot, expires } = (await sql`SELECT slot, expires_at AS expires FROM instance WHERE held`)[0];
    let counted: Promise<unknown[]> = Promise.resolve([]);
    await sql.begin(async (transaction) => {
      await transaction`LOCK TABLE ended IN ACCESS EXCLUSIVE MODE`;
      counted = Promise.all(
        Array.from({ length: QUERIES }, () => store.history.deadLetters.groups({ environmentSeq: 1 })),
      );
      const waiting = () => transaction`SELECT count(*)::int AS count FROM pg_locks WHERE NOT granted`;
      await soon(waiting, ([{ count }]) => count > 0);
      expect(await store.configuration.environments.list()).toBeArray();
      const renewed = () => transaction`SELECT held FROM instance WHERE slot = ${slot} AND expires_at > ${expires}`;
      const [row] = await soon(renewed, ({ length }) => length === 1);
      expect(row.held).toBe(true);
    });
    expect(await counted).toEqual(Array.from({ length: QUERIES }, () => []));
    await store.close();
  });

  test("a process renews its lease and its claim, and reads lanes, while all its connections for requests wait", async () => {
    const url = await preparedDatabase();
    await using sql = new SQL(url, { max: 1 });
    const store = await openStore(optionsFor(url, { leaseMs: 2000 }));
    const { queue } = store;
    const claim = await queue.claim(NO_WISHES);
    let lists: Promise<unknown> = Promise.resolve();
    await sql.begin(async (transaction) => {
      await transaction`LOCK TABLE environment IN ACCESS EXCLUSIVE MODE`;
      lists = Promise.all(Array.from({ length: QUERIES }, () => store.configuration.environments.list()));
      const waiting = () => transaction`SELECT count(*)::int AS count FROM pg_locks WHERE NOT granted`;
      await soon(waiting, ([{ count }]) => count >= READERS);
      const { validUntil } = claim;
      expect(await queue.renew(claim, NO_WISHES)).toBe(claim);
      expect(claim.validUntil).toBeGreaterThan(validUntil);
      expect(await queue.due(1, LANE_START, EVERYTHING, 10)).toEqual([]);
      expect(await queue.nextPosition(1, LANE_START)).toBeNull();
      expect(await queue.pendingLanes(claim, 0, 10)).toEqual([]);
      expect(await queue.contents([1])).toEqual([null]);
      expect(await store.housekeeping.leads!()).toBe(true);
    });
    await lists;
    await store.close();
  });

  test("a claim stays valid while somebody holds a lock on the shares of the lanes", async () => {
    const url = await preparedDatabase();
    await using sql = new SQL(url, { max: 1 });
    const store = await openStore(optionsFor(url, { leaseMs: 2000 }));
    const claim = await store.queue.claim(NO_WISHES);
    const { validUntil } = claim;
    await sql.begin(async (transaction) => {
      await transaction`LOCK TABLE lane_partition IN ACCESS EXCLUSIVE MODE`;
      await expect(store.queue.renew(claim, NO_WISHES)).rejects.toBeInstanceOf(StoreUnavailable);
      // Past the end that the claim had before.
      await soon(
        () => [store.clock.now(), claim.validUntil] as const,
        ([now, end]) => now > validUntil && end > now,
      );
    });
    expect(await store.queue.renew(claim, NO_WISHES)).toBe(claim);
    await store.close();
  });

  test("a process that cannot look at the others for the length of its lease loses it, until it can again", async () => {
    const url = await preparedDatabase();
    await using sql = new SQL(url, { max: 1 });
    const store = await openStore(optionsFor(url, { leaseMs: 2000 }));
    const claim = await store.queue.claim(NO_WISHES);
    await sql.begin(async (transaction) => {
      // It is read by looks, and by nothing that extends a lease.
      await transaction`LOCK TABLE change IN ACCESS EXCLUSIVE MODE`;
      const expired = () =>
        transaction`SELECT count(*)::int AS count FROM instance WHERE held AND expires_at <= clock_timestamp()`;
      await soon(expired, ([{ count }]) => count === 1);
      await expect(store.queue.renew(claim, NO_WISHES)).rejects.toThrow("for the length of a lease");
    });
    const renewed = () => store.queue.renew(claim, NO_WISHES).catch((error: unknown) => error);
    await soon(renewed, (outcome) => !(outcome instanceof Error));
    await store.close();
  });

  test("of one environment, 100 surveys wait and the next is refused, while those of another one wait too", async () => {
    const url = await preparedDatabase();
    await using sql = new SQL(url, { max: 1 });
    const store = await openStore(optionsFor(url));
    const count = (environmentSeq: number) => store.history.deadLetters.groups({ environmentSeq });
    let counted: Promise<unknown[]> = Promise.resolve([]);
    await sql.begin(async (transaction) => {
      await transaction`LOCK TABLE ended IN ACCESS EXCLUSIVE MODE`;
      const running = [count(1), count(1)];
      const waiting = Array.from({ length: 100 }, () => count(1));
      await expect(count(1)).rejects.toMatchObject({ status: 503, code: "overloaded" });
      // Pages about one application or endpoint count for its environment too.
      await expect(store.survey.applicationDetail(1, 7)).rejects.toMatchObject({ code: "overloaded" });
      await expect(store.survey.endpointDetail(1, 7)).rejects.toMatchObject({ code: "overloaded" });
      await expect(store.survey.applicationCounts(1, [7])).rejects.toMatchObject({ code: "overloaded" });
      await expect(store.survey.recipients(1, 7, [7])).rejects.toMatchObject({ code: "overloaded" });
      counted = Promise.all([...running, ...waiting, count(2), store.survey.endpointDetail(2, 7)]);
      // It waits for none of them.
      expect(await store.database!.state()).toHaveProperty("instances");
    });
    expect(await counted).toHaveLength(104);
    await store.close();
  });
});
