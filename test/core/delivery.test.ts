import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type DeliveryContext, decide, type NextState, nextAtDisabledEndpoint } from "../../src/core/delivery.ts";
import { type FailureReason, failureReasons, type Outcome } from "../../src/core/outcome.ts";

const context: DeliveryContext = { attempts: 0, retry: { scheduleMs: [5000, 300_000], jitter: 0 } };
const success: Outcome = { success: true, reason: null, gone: false, retryAfterMs: null };

function failure(reason: FailureReason, retryAfterMs: number | null = null): Outcome {
  return { success: false, reason, gone: reason === "gone", retryAfterMs };
}

describe("delivery decision", () => {
  const table: [what: string, context: Partial<DeliveryContext>, outcome: Outcome, next: NextState][] = [
    ["a success marks the delivery as delivered", { attempts: 2 }, success, { state: "delivered" }],
    [
      "the first failure schedules a retry after the first wait",
      {},
      failure("timeout"),
      { state: "pending", attempts: 1, waitMs: 5000 },
    ],
    [
      "the second failure schedules a retry after the second wait",
      { attempts: 1 },
      failure("dns"),
      { state: "pending", attempts: 2, waitMs: 300_000 },
    ],
    [
      "Retry-After lengthens the wait",
      {},
      failure("status_4xx", 60_000),
      { state: "pending", attempts: 1, waitMs: 60_000 },
    ],
    [
      "a failure at the end of the schedule makes a dead letter with the failure's reason",
      { attempts: 2 },
      failure("status_5xx"),
      { state: "dead", reason: "status_5xx" },
    ],
    [
      "the first blocked attempt schedules a retry",
      {},
      failure("blocked"),
      { state: "pending", attempts: 1, waitMs: 5000 },
    ],
    [
      "the second blocked attempt makes a dead letter even if the schedule has waits left",
      { attempts: 1 },
      failure("blocked"),
      { state: "dead", reason: "blocked" },
    ],
    ["a 410 ends the delivery at the first attempt", {}, failure("gone"), { state: "dead", reason: "gone" }],
    [
      "a 410 at the end of the schedule ends the delivery as gone",
      { attempts: 2 },
      failure("gone"),
      { state: "dead", reason: "gone" },
    ],
  ];
  for (const [what, changes, outcome, next] of table) {
    test(what, () => expect(decide({ ...context, ...changes }, outcome, 0)).toEqual(next));
  }

  test("a delivery that has attempts left ends when its endpoint is disabled", () => {
    const next = decide(context, failure("connection"), 0);
    expect(nextAtDisabledEndpoint(next)).toEqual({ state: "dead", reason: "disabled" });
  });

  test.each([success, failure("gone"), failure("tls")])(
    "a delivery that has ended for another reason does not change when its endpoint is disabled (%j)",
    (outcome) => {
      const next = decide({ ...context, attempts: 2 }, outcome, 0);
      expect(nextAtDisabledEndpoint(next)).toBe(next);
    },
  );

  const anyContext: fc.Arbitrary<DeliveryContext> = fc.record({
    attempts: fc.nat(12),
    retry: fc.record({
      scheduleMs: fc.array(fc.nat(1e9), { maxLength: 10 }),
      jitter: fc.double({ min: 0, max: 1, noNaN: true }),
    }),
  });
  const anyOutcome: fc.Arbitrary<Outcome> = fc.oneof(
    fc.constant(success),
    fc
      .record({ reason: fc.constantFrom(...failureReasons), asked: fc.option(fc.nat(1e9)) })
      .map(({ reason, asked }) => failure(reason, asked)),
  );

  test("a decision follows the retry schedule and never leaves a delivery pending at a disabled endpoint", () => {
    fc.assert(
      fc.property(anyContext, anyOutcome, fc.double({ min: 0, max: 0.999, noNaN: true }), (any, outcome, random) => {
        const next = decide(any, outcome, random);
        if (next.state === "pending") {
          expect(next.attempts).toBe(any.attempts + 1);
          expect(next.waitMs).toBeGreaterThanOrEqual(any.retry.scheduleMs[any.attempts]!);
        }
        expect(nextAtDisabledEndpoint(next).state).toBe(outcome.success ? "delivered" : "dead");
        expect(next.state === "delivered").toBe(outcome.success);
      }),
    );
  });

  test("a delivery ends after at most as many attempts as the schedule allows", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(1000), { maxLength: 10 }), (scheduleMs) => {
        let attempts = 0;
        for (;;) {
          const next = decide({ retry: { scheduleMs, jitter: 0 }, attempts }, failure("timeout"), 0);
          if (next.state !== "pending") break;
          attempts = next.attempts;
        }
        expect(attempts).toBe(scheduleMs.length);
      }),
    );
  });
});
