import type { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { Seq } from "../../../../src/core/id.ts";
import type { PendingDelivery, Settlement } from "../../../../src/store/index.ts";
import { STATE } from "../../../../src/store/sql/delivery-row.ts";
import { DAY_MS, type Furnished } from "../../furnished.ts";
import { ALL, anyPage, NEWEST_FIRST, pageOf } from "../../pages.ts";
import { replayOf } from "../../suites/history/replayable.ts";
import { memoryWorld } from "../memory-world.ts";

/** Some deliveries of a message to all endpoints are too far from it to be found by their numbers. */
const ENDPOINTS = 20;

type Outcome = "delivered" | "retried" | "dead" | "cancelled" | "late";

type Step =
  | { readonly kind: "send"; readonly endpoints: number }
  | {
      readonly kind: "settle";
      readonly at: number;
      readonly outcome: Outcome;
      readonly isManual: boolean;
      readonly reason: null | "status_3xx";
    }
  | { readonly kind: "resend"; readonly at: number; readonly endpoint: number }
  | { readonly kind: "drop"; readonly at: number };

const index = fc.nat({ max: 1000 });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("send"), endpoints: fc.constantFrom(1, 1, 1, 2, ENDPOINTS) }) },
  {
    weight: 12,
    arbitrary: fc.record({
      kind: fc.constant("settle"),
      at: index,
      outcome: fc.constantFrom<Outcome>("delivered", "delivered", "delivered", "retried", "dead", "cancelled", "late"),
      isManual: fc.constantFrom(false, false, true),
      reason: fc.constantFrom(null, null, null, "status_3xx"),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant("resend"),
      at: index,
      endpoint: fc.constantFrom(0, 0, 0, 1, ENDPOINTS - 1),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("drop"), at: index }) },
) as fc.Arbitrary<Step>;

/** A store whose attempts are also kept in a plain array. */
class World {
  messages: { readonly seq: Seq }[] = [];
  attempts: Settlement["attempt"][] = [];
  readonly #settled: PendingDelivery[] = [];
  readonly endpoints: Seq[] = [];

  constructor(
    readonly world: Furnished,
    readonly db: Database,
  ) {}

  async open(): Promise<this> {
    this.endpoints.push(this.world.endpoint.seq);
    while (this.endpoints.length < ENDPOINTS) this.endpoints.push((await this.world.addEndpoint()).seq);
    return this;
  }

  async run(one: Step): Promise<void> {
    this.world.now += 7;
    if (one.kind === "send") {
      this.messages.push(await this.world.send({}, this.endpoints.slice(0, one.endpoints)));
    } else if (one.kind === "settle") {
      await this.#settle(one);
    } else if (one.kind === "drop") {
      await this.world.store.queue.drop({ environmentSeq: this.world.environment.seq }, 1);
    } else if (this.messages.length > 0) {
      const message = this.messages[one.at % this.messages.length]!;
      const seq = this.world.seqs.next();
      const at = { seq, position: seq, now: this.world.now };
      await this.world.store.queue.resend(message.seq, this.endpoints[one.endpoint]!, at);
    }
  }

  async #settle({ at, outcome, isManual, reason }: Extract<Step, { kind: "settle" }>): Promise<void> {
    const lanes = await Promise.all(this.endpoints.map((seq) => this.world.waiting(seq)));
    const isLate = outcome === "late";
    const candidates = isLate ? this.#settled : lanes.flat();
    if (candidates.length === 0) return;
    const delivery = candidates[at % candidates.length]!;
    const dueAt = this.world.now + 1;
    const attempts = delivery.attempts + 1;
    const nexts: Record<Outcome, Settlement["next"]> = {
      delivered: { state: "delivered" },
      retried: { state: "pending", attempts, dueAt, position: delivery.position },
      dead: { state: "dead", reason: "status_5xx" },
      cancelled: { state: "cancelled" },
      late: { state: "delivered" },
    };
    const isDelivered = nexts[outcome].state === "delivered";
    const settlement = this.world.settlement(delivery, nexts[outcome], {
      attempt: {
        trigger: isManual ? "manual" : "schedule",
        responseStatus: isDelivered ? 200 : 500,
        ...(isDelivered && { reason }),
      },
    });
    if (!isLate) this.#settled.push(delivery);
    await this.world.store.queue.settle([settlement]);
    this.attempts.push(settlement.attempt);
  }

  /** Deletes the messages accepted before `before`, in many steps. */
  async prune(before: number): Promise<void> {
    const { housekeeping, history } = this.world.store;
    for (let more = true; more; ) more = (await housekeeping.prune(before, this.world.now, 3)).more;
    const found = await Promise.all(this.messages.map(({ seq }) => history.messages.get(seq)));
    this.messages = found.filter((message) => message !== null);
    const kept = new Set(this.messages.map(({ seq }) => seq));
    this.attempts = this.attempts.filter(({ messageSeq }) => kept.has(messageSeq));
  }

  ofMessage(seq: Seq): Settlement["attempt"][] {
    return this.attempts.filter(({ messageSeq }) => messageSeq === seq);
  }

  ofDelivery(seq: Seq): Settlement["attempt"][] {
    return this.attempts.filter(({ deliverySeq }) => deliverySeq === seq);
  }

  /** Checks every list that depends on how the attempts of a message or a delivery are found. */
  async check(): Promise<void> {
    const { history } = this.world.store;
    const stored = this.db.query<{ seq: Seq }, []>("SELECT seq FROM attempt ORDER BY seq").all();
    expect(stored.map(({ seq }) => seq)).toEqual(this.attempts.map(({ seq }) => seq).sort((a, b) => a - b));
    for (const { seq } of this.messages) {
      const rows = this.ofMessage(seq);
      for (const page of [ALL, NEWEST_FIRST, ...fc.sample(anyPage(rows.length > 0 ? rows : [{ seq }]), 5)]) {
        const found = await history.attempts.ofMessage(seq, {}, page, false);
        const wanted = pageOf(rows, page);
        expect({ more: found.more, seqs: found.rows.map((row) => row.seq) }).toEqual({
          ...{ more: wanted.more, seqs: wanted.rows.map((row) => row.seq) },
        });
      }
    }
    const { rows: dead } = await history.deadLetters.list({ environmentSeq: this.world.environment.seq }, ALL);
    for (const { seq, lastAttempt } of dead) {
      expect(lastAttempt?.seq ?? null).toBe(Math.max(-1, ...this.ofDelivery(seq).map((one) => one.seq)) as never);
    }
    await this.#checkStatuses();
    await this.#checkReplays();
    await this.#checkHistory();
  }

  async #checkStatuses(): Promise<void> {
    const { messages } = this.world.store.history;
    for (const endpoint of this.endpoints) {
      const expected = { delivered: [] as Seq[], failed: [] as Seq[] };
      for (const { seq } of this.messages) {
        const delivery = await this.world.delivery(seq, endpoint);
        if (delivery === undefined) continue;
        const hasSucceeded = this.ofDelivery(delivery.seq).some(({ reason }) => reason === null);
        const arrivedBefore = this.#row(delivery.seq).round > 0 && hasSucceeded;
        if (delivery.state === "delivered" || arrivedBefore) expected.delivered.push(seq);
        if ((delivery.state === "dead" || delivery.state === "cancelled") && !arrivedBefore) expected.failed.push(seq);
      }
      for (const status of ["delivered", "failed"] as const) {
        const { rows } = await messages.ofEndpoint(this.world.application.seq, endpoint, { status }, ALL);
        expect(rows.map(({ seq }) => seq)).toEqual(expected[status]);
      }
    }
  }

  #row(seq: Seq): { readonly state: number; readonly round: number; readonly attempts: number } {
    return this.db.query<never, [number]>("SELECT state, round, attempts FROM delivery WHERE seq = ?").get(seq)!;
  }

  async #checkReplays(): Promise<void> {
    const { replayable } = this.world.store.history;
    for (const endpointSeq of this.endpoints) {
      const all = await replayable(replayOf(this.world, "sent", { endpointSeq }), 1000);
      const failed = await replayable(replayOf(this.world, "failed", { endpointSeq }), 1000);
      const unsuccessful = all.rows.filter(({ delivery }) => {
        const { state, attempts } = this.#row(delivery!.seq);
        const hasFailed = state === STATE.dead || (state === STATE.pending && attempts > 0);
        return hasFailed && this.ofDelivery(delivery!.seq).every(({ reason }) => reason !== null);
      });
      expect(failed.rows).toEqual(unsuccessful);
      for (const responseClass of ["2xx", "5xx"] as const) {
        const { rows } = await replayable(replayOf(this.world, "sent", { endpointSeq, responseClass }), 1000);
        const wanted = all.rows.filter(({ delivery }) => {
          const last = this.ofDelivery(delivery!.seq).toSorted((a, b) => b.seq - a.seq)[0];
          return last !== undefined && `${Math.floor(last.responseStatus / 100)}xx` === responseClass;
        });
        expect(rows).toEqual(wanted);
      }
    }
  }

  async #checkHistory(): Promise<void> {
    const found: unknown[] = [];
    for (let after = 0; ; ) {
      const page = await this.world.store.moves!.origin.history(this.world.application.seq, after);
      if (page.messages.length === 0) break;
      found.push(...page.attempts.map(({ seq }) => seq));
      after = page.last;
    }
    const byMessage = this.attempts.toSorted((a, b) => a.messageSeq - b.messageSeq || a.seq - b.seq);
    expect(found).toEqual(byMessage.map(({ seq }) => seq));
  }
}

/** Returns the attempts that the index does not have, with what the delivery says. */
function unlisted(db: Database) {
  return db
    .query<{ seq: Seq; named: Seq | null }, []>(
      `SELECT a.seq, d.success_seq AS named FROM attempt a LEFT JOIN delivery d ON d.seq = a.delivery_seq
       WHERE a.found_by_delivery = 1 ORDER BY a.seq`,
    )
    .all();
}

describe("the attempts of messages and deliveries", () => {
  test("every list has the same attempts, wherever they are found, before and after retention", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 30, maxLength: 60, size: "max" }),
        fc.nat({ max: 500 }),
        async (steps, age) => {
          await using memory = await memoryWorld();
          const world = await new World(memory.world, memory.db).open();
          const start = memory.world.now;
          for (const one of steps) await world.run(one);
          await world.check();
          await world.prune(start + age);
          await world.check();
          for (const { seq, named } of unlisted(memory.db)) expect(named).toBe(seq);
        },
      ),
      { numRuns: 25 },
    );
  }, 60_000);

  test("the index has no attempt that succeeded at once, and every other one", async () => {
    await using memory = await memoryWorld();
    const { world, db } = memory;
    const message = await world.send();
    const [delivery] = await world.waiting();
    const first = world.settlement(delivery!, { state: "delivered" });
    await world.store.queue.settle([first]);
    expect(unlisted(db)).toEqual([{ seq: first.attempt.seq, named: first.attempt.seq }]);
    const again = { seq: world.seqs.next(), position: world.seqs.next(), now: world.now };
    await world.store.queue.resend(message.seq, world.endpoint.seq, again);
    const [resent] = await world.waiting();
    const second = world.settlement(resent!, { state: "delivered" });
    await world.store.queue.settle([second]);
    await world.sendDead();
    expect(unlisted(db)).toEqual([{ seq: first.attempt.seq, named: first.attempt.seq }]);
    const { rows } = await world.store.history.attempts.ofMessage(message.seq, {}, ALL, false);
    expect(rows.map(({ seq }) => seq)).toEqual([first.attempt.seq, second.attempt.seq]);
  });

  test("the attempts of a message to many endpoints are found by those deliveries whose numbers are near", async () => {
    await using memory = await memoryWorld();
    const { world, db } = memory;
    const { endpoints } = await new World(world, db).open();
    const message = await world.send({}, endpoints);
    const lanes = await Promise.all(endpoints.map((seq) => world.waiting(seq)));
    const settlements = lanes.flat().map((delivery) => world.settlement(delivery, { state: "delivered" }));
    await world.store.queue.settle(settlements);
    const seqs = settlements.map(({ attempt }) => attempt.seq);
    const { rows } = await world.store.history.attempts.ofMessage(message.seq, {}, ALL, false);
    expect(rows.map(({ seq }) => seq)).toEqual(seqs);
    expect(unlisted(db).map(({ seq }) => seq)).toEqual(seqs.slice(0, 16));
  });

  test("an attempt is found by its message after its delivery alone was deleted", async () => {
    await using memory = await memoryWorld();
    const { world, db } = memory;
    const message = await world.send();
    const [delivery] = await world.waiting();
    await world.settle(delivery!, { state: "delivered" });
    db.run("DELETE FROM delivery");
    expect(unlisted(db)).toEqual([]);
    const { rows } = await world.store.history.attempts.ofMessage(message.seq, {}, ALL, false);
    expect(rows).toHaveLength(1);
  });

  test("an attempt that ends after retention deleted its message is deleted", async () => {
    await using memory = await memoryWorld();
    const { world, db } = memory;
    await world.send();
    const [delivery] = await world.waiting();
    await world.store.queue.bury(world.endpoint.seq, "cancelled", world.now, 10);
    world.now += DAY_MS;
    await world.store.housekeeping.prune(world.now, world.now, 100);
    expect(await world.settle(delivery!, { state: "delivered" })).toBe("stale");
    expect(db.query("SELECT * FROM attempt").all()).toEqual([]);
  });
});
