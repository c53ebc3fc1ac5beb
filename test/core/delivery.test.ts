import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  canMove,
  type Decision,
  type DeliveryContext,
  type DeliveryState,
  decide,
  transitions,
} from "../../src/core/delivery.ts";
import { type FailureReason, failureReasons, type Outcome } from "../../src/core/outcome.ts";

const context: DeliveryContext = {
  attempts: 0,
  retry: { scheduleMs: [5000, 300_000], jitter: 0 },
  failingSince: null,
  disableAfterMs: 1000,
};
const success: Outcome = { success: true, reason: null, gone: false, retryAfterMs: null };
const now = 10_000;

function failure(reason: FailureReason, retryAfterMs: number | null = null): Outcome {
  return { success: false, reason, gone: reason === "gone", retryAfterMs };
}

describe("delivery decision", () => {
  const table: [what: string, context: Partial<DeliveryContext>, outcome: Outcome, decision: Decision][] = [
    [
      "a success marks the delivery as delivered and the endpoint as healthy",
      { attempts: 2, failingSince: 1 },
      success,
      { next: { state: "delivered" }, failingSince: null, disable: null },
    ],
    [
      "the first failure schedules a retry after the first wait",
      {},
      failure("timeout"),
      { next: { state: "pending", attempts: 1, waitMs: 5000 }, failingSince: now, disable: null },
    ],
    [
      "the second failure schedules a retry after the second wait and keeps failingSince",
      { attempts: 1, failingSince: 9500 },
      failure("dns"),
      { next: { state: "pending", attempts: 2, waitMs: 300_000 }, failingSince: 9500, disable: null },
    ],
    [
      "Retry-After lengthens the wait",
      {},
      failure("status_4xx", 60_000),
      { next: { state: "pending", attempts: 1, waitMs: 60_000 }, failingSince: now, disable: null },
    ],
    [
      "a failure at the end of the schedule makes a dead letter with its reason",
      { attempts: 2 },
      failure("status_5xx"),
      { next: { state: "dead", reason: "status_5xx" }, failingSince: now, disable: null },
    ],
    [
      "a 410 ends the delivery and disables the endpoint at the first attempt",
      {},
      failure("gone"),
      { next: { state: "dead", reason: "gone" }, failingSince: now, disable: "gone" },
    ],
    [
      "a 410 takes precedence over disabling for a long failure",
      { failingSince: 0, attempts: 2 },
      failure("gone"),
      { next: { state: "dead", reason: "gone" }, failingSince: 0, disable: "gone" },
    ],
    [
      "disabling an endpoint ends a delivery that has attempts left",
      { failingSince: 9000 },
      failure("connection"),
      { next: { state: "dead", reason: "disabled" }, failingSince: 9000, disable: "failing" },
    ],
    [
      "a delivery without attempts left keeps its own reason when the endpoint is disabled",
      { failingSince: 9000, attempts: 2 },
      failure("tls"),
      { next: { state: "dead", reason: "tls" }, failingSince: 9000, disable: "failing" },
    ],
    [
      "a delivery follows the schedule when disabling is switched off",
      { failingSince: 0, disableAfterMs: 0 },
      failure("blocked"),
      { next: { state: "pending", attempts: 1, waitMs: 5000 }, failingSince: 0, disable: null },
    ],
  ];
  for (const [what, changes, outcome, decision] of table) {
    test(what, () => expect(decide({ ...context, ...changes }, outcome, now, 0)).toEqual(decision));
  }

  const anyContext: fc.Arbitrary<DeliveryContext> = fc.record({
    attempts: fc.nat(12),
    retry: fc.record({
      scheduleMs: fc.array(fc.nat(1e9), { maxLength: 10 }),
      jitter: fc.double({ min: 0, max: 1, noNaN: true }),
    }),
    failingSince: fc.option(fc.nat(20_000)),
    disableAfterMs: fc.nat(20_000),
  });
  const anyOutcome: fc.Arbitrary<Outcome> = fc.oneof(
    fc.constant(success),
    fc
      .record({ reason: fc.constantFrom(...failureReasons), asked: fc.option(fc.nat(1e9)) })
      .map(({ reason, asked }) => failure(reason, asked)),
  );

  test("a decision follows the transition table and never leaves a delivery pending at a disabled endpoint", () => {
    fc.assert(
      fc.property(anyContext, anyOutcome, fc.double({ min: 0, max: 0.999, noNaN: true }), (any, outcome, random) => {
        const { next, disable, failingSince } = decide(any, outcome, now, random);
        if (next.state === "pending") {
          expect(next.attempts).toBe(any.attempts + 1);
          expect(next.waitMs).toBeGreaterThanOrEqual(any.retry.scheduleMs[any.attempts]!);
        } else {
          expect(canMove("pending", next.state)).toBe(true);
        }
        if (disable !== null) expect(next.state).toBe("dead");
        expect(next.state === "delivered").toBe(outcome.success);
        expect(failingSince === null).toBe(outcome.success);
      }),
    );
  });

  test("a delivery ends after at most as many attempts as the schedule allows", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(1000), { maxLength: 10 }), (scheduleMs) => {
        let attempts = 0;
        for (;;) {
          const { next } = decide(
            { ...context, disableAfterMs: 0, retry: { scheduleMs, jitter: 0 }, attempts },
            failure("timeout"),
            now,
            0,
          );
          if (next.state !== "pending") break;
          attempts = next.attempts;
        }
        expect(attempts).toBe(scheduleMs.length);
      }),
    );
  });
});

describe("delivery states", () => {
  const states = Object.keys(transitions) as DeliveryState[];

  test("delivery states allow exactly the documented transitions", () => {
    const moves = states.flatMap((from) => states.filter((to) => canMove(from, to)).map((to) => `${from} → ${to}`));
    expect(moves.sort()).toEqual(
      [
        "pending → delivered",
        "pending → dead",
        "pending → cancelled",
        "delivered → pending",
        "dead → pending",
        "dead → cancelled",
        "cancelled → pending",
      ].sort(),
    );
  });

  test("every final delivery state allows a return to pending", () => {
    for (const state of states.filter((state) => state !== "pending")) expect(canMove(state, "pending")).toBe(true);
  });
});
