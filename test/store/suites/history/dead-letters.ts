import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { FailureReason } from "../../../../src/core/outcome.ts";
import type { DeadLetter, DeadLetterFilter } from "../../../../src/store/index.ts";
import { DAY_MS, Furnished } from "../../furnished.ts";
import { expectPages, NEWEST_FIRST, optional } from "../../pages.ts";
import type { Open } from "../../store-under-test.ts";

const REASONS: readonly FailureReason[] = ["timeout", "status_5xx", "disabled"];
const EVENT_TYPES = ["order.paid", "order.sent"];

/**
 * Creates dead letters in two applications, with three endpoints, several reasons, event types and
 * days.
 */
export async function sendDeadLetters(world: Furnished): Promise<readonly DeadLetter[]> {
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

export function passes(letter: DeadLetter, filter: Partial<DeadLetterFilter>): boolean {
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

export function deadLettersSuite(open: Open): void {
  describe("dead letters", () => {
    test("a dead letter of a source states the source", async () => {
      await using world = await Furnished.open(open);
      const source = await world.addSource();
      const endpoint = await world.addEndpoint({ applicationSeq: source.applicationSeq });
      await world.sendDead();
      await world.sendDead({ applicationSeq: source.applicationSeq }, { endpointSeq: endpoint.seq });
      const filter = { environmentSeq: world.environment.seq };
      const { rows } = await world.store.history.deadLetters.list(filter, NEWEST_FIRST);
      expect(rows.map(({ sourceSeq }) => sourceSeq)).toEqual([source.seq, null]);
    });

    test("a dead letter includes the number of its attempts and the last attempt", async () => {
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
          sourceSeq: null,
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

    test("dead letters are paged in both directions and both orders, with any filter", async () => {
      await using world = await Furnished.open(open);
      const letters = await sendDeadLetters(world);
      expect(letters).toHaveLength(18);
      await expectPages(letters, anyFilter(letters), passes, (filter, page) =>
        world.store.history.deadLetters.list({ environmentSeq: world.environment.seq, ...filter }, page),
      );
    });

    test("`redrivable` counts only the dead letters that a redrive would make pending", async () => {
      await using world = await Furnished.open(open);
      const disabled = await world.addEndpoint();
      await world.sendDead({}, { endpointSeq: disabled.seq });
      await world.store.configuration.endpoints.update(disabled.seq, () => ({ disabled: true }));
      await world.sendDead();
      await world.sendDead();
      const filter = { environmentSeq: world.environment.seq };
      const redrivable = await world.store.history.deadLetters.redrivable(filter);
      expect(redrivable).toMatchObject([{ endpointSeq: world.endpoint.seq, count: 2 }]);
    });

    test("with any filter, `redrivable` leaves out disabled endpoints, expunged payloads and deleted applications", async () => {
      await using world = await Furnished.open(open);
      const letters = await sendDeadLetters(world);
      const { configuration, history, queue } = world.store;
      const disabled = letters.find(({ endpointSeq }) => endpointSeq === world.endpoint.seq)!;
      const other = letters.find(({ applicationSeq }) => applicationSeq !== world.application.seq)!;
      const expunged = letters.find(
        ({ endpointSeq }) => ![disabled, other].some((one) => one.endpointSeq === endpointSeq),
      )!;
      const gone = new Set([disabled.endpointSeq, other.endpointSeq]);
      await queue.expunge.message(expunged.messageSeq);
      await configuration.endpoints.update(disabled.endpointSeq, () => ({ disabled: true }));
      await configuration.applications.delete(other.applicationSeq, world.now);
      const redrivable = letters.filter(({ seq, endpointSeq }) => seq !== expunged.seq && !gone.has(endpointSeq));
      expect(redrivable.length).toBeGreaterThan(0);
      await fc.assert(
        fc.asyncProperty(anyFilter(letters), async (filter) => {
          const found = await history.deadLetters.redrivable({ environmentSeq: world.environment.seq, ...filter });
          const left = redrivable.filter((letter) => passes(letter, filter));
          expect(found.reduce((sum, { count }) => sum + count, 0)).toBe(left.length);
          for (const { count, firstDeadAt, lastDeadAt } of found) {
            expect(count).toBeGreaterThan(0);
            expect(left.map(({ deadAt }) => deadAt)).toEqual(expect.arrayContaining([firstDeadAt, lastDeadAt]));
          }
        }),
        { numRuns: 50, examples: [[{}]] },
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
}
