import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { timeOfSeq } from "../../../../src/core/id.ts";
import type { FailureReason } from "../../../../src/core/outcome.ts";
import type { Attempt, AttemptFilter, NewMessage } from "../../../../src/store/index.ts";
import { bytes, Furnished } from "../../furnished.ts";
import { ALL, expectPages, optional } from "../../pages.ts";
import type { Open } from "../../store-under-test.ts";
import { anyMessageFilter, passesMessageFilter, sendAllKinds } from "./messages.ts";

const OUTCOMES: ReadonlyArray<readonly [FailureReason | null, number]> = [
  [null, 200],
  [null, 204],
  ["status_3xx", 302],
  ["status_4xx", 499],
  ["status_5xx", 500],
  ["timeout", 0],
];

/**
 * Durations around one second, because the store has an index of attempts that take at least one
 * second.
 */
const DURATIONS_MS = [0, 1, 999, 1000, 3000, 600_000, 2];

type OwnFilter = Required<Pick<AttemptFilter, "outcome" | "responseClass" | "endpointSeq">>;

function classOf({ responseStatus }: Attempt): string {
  return responseStatus === 0 ? "none" : `${Math.floor(responseStatus / 100)}xx`;
}

function passes(attempt: Attempt, message: NewMessage, filter: AttemptFilter): boolean {
  const at = attempt.startedAt;
  return (
    passesMessageFilter(message, filter) &&
    at < (filter.before ?? Number.POSITIVE_INFINITY) &&
    at > (filter.after ?? 0) &&
    (filter.outcome === undefined || (attempt.reason === null ? "delivered" : "failed") === filter.outcome) &&
    (filter.responseClass === undefined || classOf(attempt) === filter.responseClass) &&
    (filter.endpointSeq ?? attempt.endpointSeq) === attempt.endpointSeq
  );
}

function anyFilter(endpointSeqs: readonly number[], instants: readonly number[]): fc.Arbitrary<AttemptFilter> {
  const own = optional<OwnFilter>({
    outcome: fc.constantFrom("delivered", "failed"),
    responseClass: fc.constantFrom("none", "1xx", "2xx", "3xx", "4xx", "5xx"),
    endpointSeq: fc.constantFrom(...endpointSeqs),
  });
  return fc.tuple(own, anyMessageFilter(instants)).map(([a, b]) => ({ ...a, ...b }));
}

export function attemptsSuite(open: Open): void {
  describe("attempts", () => {
    test("an attempt keeps the note about its response", async () => {
      await using world = await Furnished.open(open);
      await world.send();
      const [delivery] = await world.waiting();
      const settlement = world.settlement(delivery!, { state: "delivered" }, { attempt: { note: "A note." } });
      await world.store.queue.settle([settlement]);
      const { seq, messageSeq, endpointSeq } = settlement.attempt;
      const { attempts } = world.store.history;
      expect((await attempts.get(messageSeq, seq))!.note).toBe("A note.");
      expect((await attempts.get(null, seq))!.note).toBe("A note.");
      expect(await attempts.get(messageSeq + 1, seq)).toBeNull();
      const { rows } = await attempts.ofEndpoint(endpointSeq, {}, ALL, true);
      expect(rows.map(({ note }) => note)).toEqual(["A note."]);
    });

    test("a failed attempt keeps its headers across a restart until its content is expunged, and lists omit them", async () => {
      await using world = await Furnished.open(open);
      await world.send();
      const [delivery] = await world.waiting();
      const headers = {
        request: [{ name: "webhook-id", value: "m\u00e4" }],
        response: [{ name: "Retry-After", value: "1" }],
      };
      const next = { state: "dead", reason: "status_5xx" } as const;
      const settlement = world.settlement(delivery!, next, { attempt: { reason: "status_5xx", headers } });
      await world.store.queue.settle([settlement]);
      await world.store.queue.settle([settlement]);
      await world.reopen();
      const { seq, messageSeq, endpointSeq } = settlement.attempt;
      const { attempts } = world.store.history;
      expect((await attempts.get(messageSeq, seq))!.headers).toEqual(headers);
      const { rows } = await attempts.ofEndpoint(endpointSeq, {}, ALL, true);
      expect(rows.map((row) => row.headers)).toEqual([undefined]);
      await attempts.expunge(seq);
      expect(await attempts.get(messageSeq, seq)).not.toHaveProperty("headers");
    });

    test("the attempts of a batch share one stored response until one of them is expunged", async () => {
      await using world = await Furnished.open(open);
      for (let i = 0; i < 3; i++) await world.send();
      const deliveries = await world.waiting();
      const response = Buffer.from("shared");
      const alone = deliveries.map((delivery) =>
        world.settlement(delivery, { state: "delivered" }, { attempt: { response } }),
      );
      const last = alone[2]!.attempt;
      const settlements = alone.map((one) =>
        one.attempt === last ? one : { ...one, attempt: { ...one.attempt, responseIn: last.seq } },
      );
      await world.store.queue.settle(settlements);
      await world.store.queue.settle(settlements);
      const { attempts } = world.store.history;
      const responses = async () => {
        const { rows } = await attempts.ofEndpoint(last.endpointSeq, {}, ALL, true);
        const singly = await Promise.all(
          settlements.map(({ attempt }) => attempts.get(attempt.messageSeq, attempt.seq)),
        );
        return [rows, singly].map((all) => all.map((one) => one!.response && Buffer.from(one!.response).toString()));
      };
      expect(await responses()).toEqual([Array(3).fill("shared"), Array(3).fill("shared")]);
      await attempts.expunge(settlements[0]!.attempt.seq);
      expect(await responses()).toEqual([Array(3).fill(null), Array(3).fill(null)]);
    });

    test("attempts of an endpoint are paged in both directions and both orders, with any filter", async () => {
      await using world = await Furnished.open(open);
      const other = await world.addEndpoint();
      await world.send({}, [other.seq]);
      await world.kill("timeout", other.seq);
      const messages = await sendAllKinds(world, 18);
      const rows: Attempt[] = [];
      for (const [i, delivery] of (await world.waiting()).entries()) {
        if (i % 4 === 0) world.now += 2;
        const [reason, responseStatus] = OUTCOMES[i % OUTCOMES.length]!;
        const startedAt = world.now - DURATIONS_MS[i % DURATIONS_MS.length]!;
        const attempt = { reason, responseStatus, startedAt };
        const settlement = world.settlement(delivery, { state: "delivered" }, { attempt });
        await world.store.queue.settle([settlement]);
        rows.push(settlement.attempt);
      }
      const instants = rows.flatMap(({ seq, startedAt }) => [timeOfSeq(seq), startedAt, startedAt + 1]);
      const messageOf = new Map(messages.map((message) => [message.seq, message]));
      await expectPages(
        rows,
        anyFilter([world.endpoint.seq, other.seq], instants),
        (attempt, filter) => passes(attempt, messageOf.get(attempt.messageSeq)!, filter),
        (filter, page) => world.store.history.attempts.ofEndpoint(world.endpoint.seq, filter, page, false),
      );
    });

    test("attempts of a message are paged in both directions and both orders, with any filter", async () => {
      await using world = await Furnished.open(open);
      const other = await world.addEndpoint();
      await world.sendDead();
      const message = await world.send({}, [world.endpoint.seq, other.seq]);
      const rows: Attempt[] = [];
      for (let i = 0; i < 14; i++) {
        world.now += i % 2;
        const [delivery] = await world.waiting([world.endpoint.seq, other.seq][i % 2]!);
        const [reason, responseStatus] = OUTCOMES[i % OUTCOMES.length]!;
        const again = {
          state: "pending",
          attempts: delivery!.attempts + 1,
          dueAt: world.now,
          position: delivery!.position,
        } as const;
        const settlement = world.settlement(delivery!, again, {
          attempt: {
            reason,
            responseStatus,
            startedAt: world.now - DURATIONS_MS[i % DURATIONS_MS.length]!,
            nextAttemptAt: reason === null ? null : world.now,
          },
        });
        await world.store.queue.settle([settlement]);
        rows.push(settlement.attempt);
      }
      const instants = rows.flatMap(({ seq, startedAt }) => [timeOfSeq(seq), startedAt, startedAt + 1]);
      await expectPages(
        rows,
        anyFilter([world.endpoint.seq, other.seq], instants),
        (attempt, filter) => passes(attempt, message, filter),
        (filter, page) => world.store.history.attempts.ofMessage(message.seq, filter, page, false),
      );
    });

    test("an attempt without a failure is found among many failed ones, also if it has no response", async () => {
      await using world = await Furnished.open(open);
      await world.sendMany(200);
      const [cancelled, ...failed] = await world.waiting();
      const attempt = { reason: null, responseStatus: 0 };
      const { queue, history } = world.store;
      await queue.settle([world.settlement(cancelled!, { state: "cancelled" }, { attempt })]);
      await queue.settle(failed.map((delivery) => world.settlement(delivery, { state: "dead", reason: "status_5xx" })));
      const page = { limit: 10, from: null, backwards: false, order: "descending" } as const;
      const found = await history.attempts.ofEndpoint(world.endpoint.seq, { outcome: "delivered" }, page, false);
      expect(found.rows.map(({ deliverySeq }) => deliverySeq)).toEqual([cancelled!.seq]);
    });

    test("attempts are found only under their own message", async () => {
      await using world = await Furnished.open(open);
      const [one, two] = [await world.sendDead(), await world.sendDead()];
      const [attempt] = (await world.store.history.attempts.ofMessage(one.seq, {}, ALL, true)).rows;
      expect(await world.store.history.attempts.get(one.seq, attempt!.seq)).toEqual(attempt!);
      expect(await world.store.history.attempts.get(two.seq, attempt!.seq)).toBeNull();
    });

    test("attempts are listed with the response body only on request", async () => {
      await using world = await Furnished.open(open);
      const message = await world.sendDead();
      const response = async (withContent: boolean) =>
        (await world.store.history.attempts.ofMessage(message.seq, {}, ALL, withContent)).rows[0]!.response;
      expect(await response(true)).toEqual(bytes("answer"));
      expect(await response(false)).toBeNull();
    });

    test("expunging an attempt deletes its response body and nothing else", async () => {
      await using world = await Furnished.open(open);
      const message = await world.sendDead();
      const [attempt] = (await world.store.history.attempts.ofMessage(message.seq, {}, ALL, true)).rows;
      await world.store.history.attempts.expunge(attempt!.seq);
      await world.reopen();
      expect(await world.store.history.attempts.get(message.seq, attempt!.seq)).toEqual({
        ...attempt!,
        response: null,
      });
    });
  });
}
