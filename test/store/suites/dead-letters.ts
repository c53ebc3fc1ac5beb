import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { Seq } from "../../../src/core/id.ts";
import type { FailureReason } from "../../../src/core/outcome.ts";
import type { DeadLetter, DeadLetterFilter, Redriven } from "../../../src/store/index.ts";
import { bytes, DAY_MS, Furnished } from "../furnished.ts";
import { expectPages, NEWEST_FIRST, optional } from "../pages.ts";
import type { Open } from "../store-under-test.ts";
import { addTask } from "./tasks.ts";

const REASONS: readonly FailureReason[] = ["timeout", "status_5xx", "disabled"];
const EVENT_TYPES = ["order.paid", "order.sent"];

/**
 * Creates dead letters of two applications and three endpoints, with several reasons, event types
 * and days.
 */
async function sendDeadLetters(world: Furnished): Promise<readonly DeadLetter[]> {
  const second = await world.addEndpoint();
  const otherApplication = await world.addApplication();
  const third = await world.addEndpoint({ applicationSeq: otherApplication.seq });
  for (let i = 0; i < 18; i++) {
    world.now += DAY_MS / 4;
    const endpoint = [world.endpoint, second, third][i % 3]!;
    await world.sendDead(
      { applicationSeq: endpoint.applicationSeq, eventType: EVENT_TYPES[i % 2]! },
      { endpointSeq: endpoint.seq, reason: REASONS[i % 3 === 0 ? 0 : i % 2]! },
    );
  }
  const { rows } = await world.store.history.deadLetters.list({ environmentSeq: world.environment.seq }, NEWEST_FIRST);
  return rows;
}

function passes(letter: DeadLetter, filter: Partial<DeadLetterFilter>): boolean {
  return (
    (filter.applicationSeq ?? letter.applicationSeq) === letter.applicationSeq &&
    (filter.endpointSeq ?? letter.endpointSeq) === letter.endpointSeq &&
    (filter.eventTypes ?? [letter.eventType]).includes(letter.eventType) &&
    (filter.reason ?? letter.reason) === letter.reason &&
    (filter.deliverySeqs ?? [letter.seq]).includes(letter.seq) &&
    letter.deadAt < (filter.before ?? Number.POSITIVE_INFINITY) &&
    letter.deadAt > (filter.after ?? 0)
  );
}

function anyFilter(letters: readonly DeadLetter[]): fc.Arbitrary<Partial<DeadLetterFilter>> {
  const instants = fc.constantFrom(...letters.map(({ deadAt }) => deadAt));
  return optional<Omit<Required<DeadLetterFilter>, "environmentSeq">>({
    applicationSeq: fc.constantFrom(...letters.map(({ applicationSeq }) => applicationSeq)),
    endpointSeq: fc.constantFrom(...letters.map(({ endpointSeq }) => endpointSeq)),
    eventTypes: fc.subarray(EVENT_TYPES, { minLength: 1 }),
    reason: fc.constantFrom(...REASONS),
    deliverySeqs: fc.subarray(
      letters.map(({ seq }) => seq),
      { minLength: 1 },
    ),
    before: instants,
    after: instants,
  });
}

/** Redrives for a new task, whose `data` it makes the result. */
export async function redrive(
  world: Furnished,
  filter: DeadLetterFilter,
  range: { readonly after: Seq; readonly limit: number },
  first: Seq = world.seqs.take(range.limit),
): Promise<Redriven> {
  const task = await addTask(world);
  const result = await world.store.queue.redrive(filter, range, { first, now: world.now }, (redriven) => ({
    ...task,
    data: { ...redriven },
  }));
  const stored = await world.store.housekeeping.tasks.get(world.environment.seq, task.seq);
  expect(stored).toEqual({ ...task, data: { ...result } });
  return result;
}

export function deadLettersSuite(open: Open): void {
  describe("dead letters", () => {
    test("dead letters contain the whole history of their delivery", async () => {
      await using world = await Furnished.open(open);
      const message = await world.send({ eventId: "event-1" });
      const [delivery] = await world.waiting();
      await world.settle(delivery!, { state: "pending", attempts: 1, dueAt: world.now, position: delivery!.position });
      world.now += 1000;
      const last = world.settlement(delivery!, { state: "dead", reason: "timeout" });
      await world.store.queue.settle([last]);
      await world.reopen();
      const { rows } = await world.store.history.deadLetters.list(
        { environmentSeq: world.environment.seq },
        NEWEST_FIRST,
      );
      expect(rows).toEqual([
        {
          seq: delivery!.seq,
          applicationSeq: world.application.seq,
          messageSeq: message.seq,
          eventId: "event-1",
          eventType: "order.paid",
          endpointSeq: world.endpoint.seq,
          url: world.endpoint.url,
          reason: "timeout",
          attempts: 2,
          lastAttempt: last.attempt,
          deadAt: world.now,
        },
      ]);
    });

    test("dead letters are listed by environment", async () => {
      await using world = await Furnished.open(open);
      await world.sendDead();
      const other = await world.addEnvironment("other");
      expect((await world.store.history.deadLetters.list({ environmentSeq: other.seq }, NEWEST_FIRST)).rows).toEqual(
        [],
      );
      expect(await world.store.history.deadLetters.groups({ environmentSeq: other.seq })).toEqual([]);
    });

    test("dead letters are paged in both directions and both orders with any filter", async () => {
      await using world = await Furnished.open(open);
      const letters = await sendDeadLetters(world);
      expect(letters).toHaveLength(18);
      await expectPages(letters, anyFilter(letters), passes, (filter, page) =>
        world.store.history.deadLetters.list({ environmentSeq: world.environment.seq, ...filter }, page),
      );
    });

    test("dead letters are counted by application, endpoint, event type and reason", async () => {
      await using world = await Furnished.open(open);
      const letters = await sendDeadLetters(world);
      await fc.assert(
        fc.asyncProperty(anyFilter(letters), async (filter) => {
          const groups = await world.store.history.deadLetters.groups({
            environmentSeq: world.environment.seq,
            ...filter,
          });
          const left = letters.filter((letter) => passes(letter, filter));
          for (const group of groups) {
            const own = left.filter(
              (letter) =>
                letter.endpointSeq === group.endpointSeq &&
                letter.applicationSeq === group.applicationSeq &&
                letter.eventType === group.eventType &&
                letter.reason === group.reason,
            );
            expect(group).toMatchObject({
              count: own.length,
              firstDeadAt: Math.min(...own.map(({ deadAt }) => deadAt)),
              lastDeadAt: Math.max(...own.map(({ deadAt }) => deadAt)),
            });
          }
          expect(groups.reduce((sum, { count }) => sum + count, 0)).toBe(left.length);
        }),
        { numRuns: 50 },
      );
    });
  });

  describe("redrive", () => {
    test("redrive makes dead letters pending, oldest first, each with a full schedule and its own position", async () => {
      await using world = await Furnished.open(open);
      const messages = await world.sendMany(5);
      await world.kill();
      world.now += 1000;
      const filter = { environmentSeq: world.environment.seq };
      const first = world.seqs.take(3);
      const step = await redrive(world, filter, { after: 0, limit: 3 }, first);
      const seqs = messages.map(({ deliveries }) => deliveries[0]!.seq);
      expect(step).toEqual({ redriven: 3, endpoints: [world.endpoint.seq], last: seqs[2]! });
      await world.reopen();
      expect(await world.waiting()).toEqual(
        [0, 1, 2].map((i) => ({
          seq: seqs[i]!,
          messageSeq: messages[i]!.seq,
          endpointSeq: world.endpoint.seq,
          position: first + i,
          dueAt: world.now,
          attempts: 0,
          round: 1,
          trigger: "manual",
        })),
      );
      const rest = await redrive(world, filter, { after: step.last!, limit: 3 });
      expect(rest).toEqual({ redriven: 2, endpoints: [world.endpoint.seq], last: null });
      expect(await world.store.history.deadLetters.groups(filter)).toEqual([]);
    });

    test("redrive takes exactly the dead letters that match the filter", async () => {
      await using world = await Furnished.open(open);
      const letters = await sendDeadLetters(world);
      const chosen = { reason: "timeout" as const, eventTypes: ["order.sent"] };
      const wanted = letters.filter((letter) => passes(letter, chosen));
      const filter = { environmentSeq: world.environment.seq, ...chosen };
      const { redriven, last } = await redrive(world, filter, { after: 0, limit: 100 });
      expect({ redriven, last }).toEqual({ redriven: wanted.length, last: null });
      expect(wanted.length).toBeGreaterThan(0);
      const { rows } = await world.store.history.deadLetters.list(
        { environmentSeq: world.environment.seq },
        NEWEST_FIRST,
      );
      expect(rows).toEqual(letters.filter((letter) => !passes(letter, chosen)));
    });

    test("redrive skips dead letters with a deleted application or endpoint, a disabled endpoint or a deleted payload", async () => {
      await using world = await Furnished.open(open);
      const deleted = await world.addEndpoint();
      const otherApplication = await world.addApplication();
      const orphan = await world.addEndpoint({ applicationSeq: otherApplication.seq });
      await world.sendDead({}, { endpointSeq: deleted.seq });
      await world.sendDead({ applicationSeq: otherApplication.seq }, { endpointSeq: orphan.seq });
      const disabled = await world.addEndpoint();
      await world.sendDead({}, { endpointSeq: disabled.seq });
      const expunged = await world.sendDead();
      const fit = await world.sendDead({ payload: bytes("fit") });
      await world.store.configuration.endpoints.delete(deleted.seq, world.now);
      await world.store.configuration.applications.delete(otherApplication.seq, world.now);
      await world.store.configuration.endpoints.update(disabled.seq, () => ({ disabled: true }));
      await world.store.queue.expunge.message(expunged.seq);
      const filter = { environmentSeq: world.environment.seq };
      const total = (groups: readonly { count: number }[]) => groups.reduce((sum, { count }) => sum + count, 0);
      expect(total(await world.store.history.deadLetters.redrivable(filter))).toBe(1);
      expect(total(await world.store.history.deadLetters.groups(filter))).toBe(5);
      const result = await redrive(world, filter, { after: 0, limit: 2 });
      expect(result).toMatchObject({ redriven: 1, last: null });
      expect((await world.waiting()).map(({ messageSeq }) => messageSeq)).toEqual([fit.seq]);
      const { rows } = await world.store.history.deadLetters.list(
        { ...filter, endpointSeq: disabled.seq },
        NEWEST_FIRST,
      );
      expect(rows.map(({ reason }) => reason)).toEqual(["status_5xx"]);
    });

    test("redrive takes dead letters of a paused endpoint, which gets them later", async () => {
      await using world = await Furnished.open(open);
      await world.sendDead();
      await world.store.configuration.endpoints.update(world.endpoint.seq, () => ({ paused: true }));
      const filter = { environmentSeq: world.environment.seq };
      expect(await world.store.history.deadLetters.redrivable(filter)).toMatchObject([{ count: 1 }]);
      const { redriven } = await redrive(world, filter, { after: 0, limit: 2 });
      expect(redriven).toBe(1);
    });
  });

  describe("drop", () => {
    test("drop cancels the dead letters that match the filter, up to the limit", async () => {
      await using world = await Furnished.open(open);
      const letters = await sendDeadLetters(world);
      const filter = { environmentSeq: world.environment.seq, endpointSeq: world.endpoint.seq };
      const wanted = letters.filter((letter) => passes(letter, filter));
      expect(await world.store.queue.drop(filter, 4)).toBe(4);
      expect(await world.store.queue.drop(filter, 4)).toBe(wanted.length - 4);
      expect(await world.store.queue.drop(filter, 4)).toBe(0);
      await world.reopen();
      const { rows } = await world.store.history.deadLetters.list(
        { environmentSeq: world.environment.seq },
        NEWEST_FIRST,
      );
      expect(rows).toEqual(letters.filter((letter) => !passes(letter, filter)));
      expect(await world.delivery(wanted[0]!.messageSeq)).toMatchObject({ state: "cancelled" });
    });
  });
}
