import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { DeliveryState, PageRequest, Settlement } from "../../../../src/store/index.ts";
import { STATE, STATE_NAMES } from "../../../../src/store/sql/delivery-row.ts";
import { databaseFileOf } from "../../../../src/store/sqlite/data-dir/data-dir.ts";
import { openStore } from "../../../../src/store/sqlite/index.ts";
import { temporaryDirectory } from "../../../support/temporary.ts";
import { DAY_MS, EVERYTHING, Furnished } from "../../furnished.ts";
import { openedOnce } from "../../store-under-test.ts";
import { addTask } from "../../suites/housekeeping/tasks.ts";
import { optionsFor } from "../open.ts";

const ENDPOINTS = 20;
const PAGE: PageRequest = { limit: 100, from: null, backwards: false, order: "ascending" };

interface Row {
  readonly seq: number;
  readonly message: number;
  readonly endpoint: number;
  readonly state: number;
  readonly round: number;
  readonly attempts: number;
  readonly total: number;
  readonly succeeded: number;
}

const hasArrivedBefore = ({ round, succeeded }: Row) => round > 0 && succeeded > 0;
const IS_STATUS = {
  delivered: (row: Row) => row.state === STATE.delivered || hasArrivedBefore(row),
  waiting: ({ state, total }: Row) => state === STATE.pending && total === 0,
  retrying: ({ state, total }: Row) => state === STATE.pending && total > 0,
  failed: (row: Row) => row.state >= STATE.dead && !hasArrivedBefore(row),
  cancelled: ({ state }: Row) => state === STATE.cancelled,
};
const STATUSES = Object.keys(IS_STATUS) as (keyof typeof IS_STATUS)[];

/** Distances from the number of a message to those of its deliveries: on both sides of the limit, and far. */
const anyDistance = fc.oneof(fc.integer({ min: 1, max: 16 }), fc.integer({ min: 14, max: 20 }), fc.constant(5000));
const anyMessage = fc.record({
  /** Distance from the message before, whose deliveries may have the numbers after this message. */
  gap: fc.integer({ min: 1, max: 24 }),
  /** Distances by endpoint. An endpoint without one gets no delivery. */
  distances: fc.oneof(
    fc.array(fc.option(anyDistance), { maxLength: ENDPOINTS }),
    fc.constant(Array.from({ length: ENDPOINTS }, (_, i) => i + 1)),
  ),
});
const anyStep = fc.record({
  kind: fc.constantFrom("delivered", "dead", "retry", "resend", "resendAll", "cancel", "expunge"),
  message: fc.nat(),
  endpoint: fc.nat({ max: ENDPOINTS - 1 }),
  distance: anyDistance,
});
type Step = typeof anyStep extends fc.Arbitrary<infer T> ? T : never;

/** A store, and what a scan of its deliveries finds. */
class World implements AsyncDisposable {
  readonly messages: number[] = [];
  readonly #used = new Set<number>();

  private constructor(
    readonly furnished: Furnished,
    readonly reader: Database,
    readonly endpoints: readonly number[],
    private readonly home: Disposable,
  ) {}

  static async open(): Promise<World> {
    const home = temporaryDirectory();
    const furnished = await Furnished.open(async () => openedOnce(await openStore(optionsFor(home.path))));
    const endpoints = [furnished.endpoint.seq];
    while (endpoints.length < ENDPOINTS) endpoints.push((await furnished.addEndpoint()).seq);
    return new World(furnished, new Database(databaseFileOf(home.path), { readonly: true }), endpoints, home);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.reader.close();
    await this.furnished[Symbol.asyncDispose]();
    this.home[Symbol.dispose]();
  }

  get store() {
    return this.furnished.store;
  }

  /** Returns the first number from `wanted` on that no row has. */
  free(wanted: number): number {
    let seq = wanted;
    while (this.#used.has(seq)) seq++;
    this.#used.add(seq);
    return seq;
  }

  async accept({ gap, distances }: { gap: number; distances: readonly (number | null)[] }): Promise<void> {
    const seq = this.free((this.messages.at(-1) ?? this.furnished.seqs.next()) + gap);
    const deliveries = distances.flatMap((distance, i) =>
      distance === null ? [] : [{ seq: this.free(seq + distance), endpointSeq: this.endpoints[i]! }],
    );
    await this.furnished.send({ seq, deliveries });
    this.messages.push(seq);
  }

  /** Reads all deliveries in the order of a message's list, without an index. */
  rows(): Row[] {
    return this.reader
      .query<Row, []>(
        `SELECT seq, message_seq AS message, endpoint_seq AS endpoint, state, round, attempts, attempts_total AS total,
           (SELECT COUNT(*) FROM attempt t WHERE t.delivery_seq = d.seq AND t.reason IS NULL) AS succeeded
         FROM delivery d NOT INDEXED ORDER BY message_seq, endpoint_seq, seq`,
      )
      .all();
  }

  async run({ kind, message: index, endpoint: at, distance }: Step): Promise<void> {
    const { store, furnished } = this;
    const message = this.messages[index % this.messages.length]!;
    const endpoint = this.endpoints[at]!;
    const before = this.rows();
    const known = before.find((row) => row.message === message && row.endpoint === endpoint);
    const pending = before.filter((row) => row.message === message && row.state === STATE.pending);
    if (kind === "cancel" || kind === "expunge") {
      const cancelled = pending.map((row) => row.endpoint).sort((a, b) => a - b);
      if (kind === "expunge") expect(await store.queue.expunge.message(message)).toBe(cancelled.length);
      else
        expect([...(await store.queue.cancel.message(message, furnished.now))].sort((a, b) => a - b)).toEqual(
          cancelled,
        );
      const after = before.map((row) => (pending.includes(row) ? { ...row, state: STATE.cancelled } : row));
      expect(this.rows()).toEqual(after);
    } else if (kind === "resend") {
      const seq = this.free(message + distance);
      const given = { seq, position: furnished.seqs.next(), now: furnished.now };
      expect(await store.queue.resend(message, endpoint, given)).toEqual({
        was: known === undefined ? "none" : STATE_NAMES.find((name) => STATE[name] === known.state)!,
        deliverySeq: known?.seq ?? seq,
      });
    } else if (kind === "resendAll") {
      // The delivery may have been added since the message was found, and is not added again.
      const first = this.free(message + distance);
      const task = await addTask(furnished);
      const rows = [{ messageSeq: message, eventType: "order.paid", channels: null, delivery: null }];
      const resent = await store.queue.resendAll(endpoint, rows, { first, now: furnished.now }, () => task);
      const keeps = this.reader.query("SELECT 1 FROM message WHERE seq = ? AND payload IS NOT NULL").get(message);
      expect(resent.none).toBe(known === undefined && keeps !== null ? 1 : 0);
    } else if (known?.state === STATE.pending) {
      const delivery = (await furnished.waiting(endpoint)).find(({ seq }) => seq === known.seq)!;
      const position = furnished.seqs.next();
      const next: Record<typeof kind, Settlement["next"]> = {
        delivered: { state: "delivered" },
        dead: { state: "dead", reason: "timeout" },
        retry: { state: "pending", attempts: 1, dueAt: furnished.now, position },
      };
      await furnished.settle(delivery, next[kind]);
    }
  }

  /** Compares what each reader returns with what the scan finds. */
  async check(): Promise<void> {
    const { store, furnished, messages, endpoints } = this;
    const { history, survey } = store;
    const [app, environment] = [furnished.application.seq, furnished.environment.seq];
    const rows = this.rows();
    const seqs = (of: readonly { readonly seq: number }[]) => of.map(({ seq }) => seq);
    const countOf = (message: number, name: DeliveryState) =>
      rows.filter((row) => row.message === message && row.state === STATE[name]).length;
    for (const message of messages) {
      const its = rows.filter((row) => row.message === message);
      expect(seqs(await history.messages.deliveries(message))).toEqual(seqs(its));
      const found = await survey.recipients(environment, message, endpoints);
      const wanted = endpoints.map((endpoint) => its.findLast((row) => row.endpoint === endpoint)?.seq ?? null);
      expect(found.map((delivery) => delivery?.seq ?? null)).toEqual(wanted);
    }
    const latest = await history.messages.latest(environment, 100);
    const stored = [...messages].sort((a, b) => a - b);
    expect(latest.map(({ seq }) => seq)).toEqual(stored.toReversed());
    for (const { seq, deliveries } of latest) {
      for (const name of STATE_NAMES) expect(deliveries[name]).toBe(countOf(seq, name));
    }
    const listed = await survey.messages(environment, { state: "pending" }, PAGE);
    expect(listed.rows.map(({ seq }) => seq)).toEqual(stored.filter((message) => countOf(message, "pending") > 0));
    const moved = await store.moves!.origin.history(app, 0);
    expect(moved.deliveries.map(({ seq }) => seq as number)).toEqual(seqs(rows));
    for (const endpoint of endpoints) {
      const its = rows.filter((row) => row.endpoint === endpoint);
      const every = await history.messages.ofEndpoint(app, endpoint, {}, PAGE);
      expect(seqs(every.rows)).toEqual(its.map((row) => row.message));
      for (const status of STATUSES) {
        const page = await history.messages.ofEndpoint(app, endpoint, { status }, PAGE);
        const wanted = its.filter(IS_STATUS[status]).map((row) => row.message);
        expect({ status, seqs: seqs(page.rows) }).toEqual({ status, seqs: wanted });
      }
      await this.checkReplays(app, endpoint, its);
    }
  }

  private async checkReplays(applicationSeq: number, endpointSeq: number, its: readonly Row[]): Promise<void> {
    const { now } = this.furnished;
    const kept = this.reader.query<{ seq: number }, []>("SELECT seq FROM message WHERE payload IS NOT NULL").all();
    const isMeant = {
      missing: (row?: Row) => row === undefined || (row.state === STATE.dead && row.total === 0),
      failed: (row?: Row) =>
        row !== undefined &&
        (row.state === STATE.dead || (row.state === STATE.pending && row.attempts > 0)) &&
        row.succeeded === 0,
    };
    for (const which of ["missing", "failed"] as const) {
      const order = { applicationSeq, endpointSeq, which, from: 0, to: EVERYTHING, askedAt: now, now };
      const { rows } = await this.store.history.replayable(order, 100);
      const wanted = kept.map(({ seq }) => seq).filter((seq) => isMeant[which](its.find((row) => row.message === seq)));
      expect({ which, seqs: rows.map(({ messageSeq }) => messageSeq) }).toEqual({ which, seqs: wanted });
    }
  }

  /** Deletes old messages in steps, and checks that those that nothing waits for go with their deliveries. */
  async prune(limit: number): Promise<void> {
    const { furnished, store } = this;
    const before = this.rows();
    const waited = new Set(before.filter(({ state }) => state === STATE.pending).map(({ message }) => message));
    furnished.now += DAY_MS;
    while ((await store.housekeeping.prune(furnished.now, furnished.now, limit)).more);
    expect(this.rows()).toEqual(before.filter(({ message }) => waited.has(message)));
    const left = this.messages.filter((message) => waited.has(message));
    this.messages.splice(0, this.messages.length, ...left);
  }
}

describe("the deliveries of messages", () => {
  test("every reader finds those near their message and those far from it, like a scan", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(anyMessage, { minLength: 1, maxLength: 8 }),
        fc.array(anyStep, { maxLength: 30 }),
        fc.integer({ min: 1, max: 6 }),
        async (messages, steps, limit) => {
          await using world = await World.open();
          for (const message of messages) await world.accept(message);
          for (const step of steps) await world.run(step);
          await world.check();
          await world.prune(limit);
          await world.check();
        },
      ),
      { numRuns: 15 },
    );
  });

  test("a step of the retention reads a limited number of deliveries of other messages", async () => {
    await using world = await World.open();
    const first = world.furnished.seqs.take(100);
    const old = [first, first + 60];
    for (const seq of old) {
      await world.furnished.send({ seq, deliveries: [{ seq: seq + 1, endpointSeq: world.endpoints[0]! }] });
    }
    await world.furnished.kill();
    world.furnished.now += DAY_MS;
    const before = world.furnished.now;
    const deliveries = Array.from({ length: ENDPOINTS }, (_, i) => ({
      seq: first + 20 + i,
      endpointSeq: world.endpoints[i]!,
    }));
    await world.furnished.send({ seq: world.furnished.seqs.next(), deliveries });
    const { housekeeping } = world.store;
    const rowsOfOne = 3;
    expect(await housekeeping.prune(before, before, 4)).toEqual({ deleted: rowsOfOne, more: true });
    expect(await housekeeping.prune(before, before, 4)).toEqual({ deleted: rowsOfOne, more: false });
    expect(world.rows()).toHaveLength(ENDPOINTS);
  });
});
