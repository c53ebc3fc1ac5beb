import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { Fact } from "../../src/core/fact.ts";
import { eventsOfAttempt, failingAttempt, reportOf } from "../../src/core/operational.ts";
import { failureReasons } from "../../src/core/outcome.ts";

type Finished = Parameters<typeof eventsOfAttempt>[0];

const failed = (failedBefore: number, fields: Partial<Finished> = {}): Finished => ({
  reason: "status_5xx",
  next: "pending",
  failedBefore,
  deadReason: null,
  ...fields,
});
const dead = (failedBefore: number, deadReason: Finished["deadReason"]) =>
  failed(failedBefore, { next: "dead", deadReason });
const delivered = (failedBefore: number, next: Finished["next"] = "delivered"): Finished => ({
  reason: null,
  next,
  failedBefore,
  deadReason: null,
});

describe("operational events of an attempt", () => {
  const cases: ReadonlyArray<readonly [what: string, attempt: Finished, types: readonly string[]]> = [
    ["the third failure", failed(2), []],
    ["the fourth failure", failed(3), ["message.attempt.failing"]],
    ["the fifth failure", failed(4), []],
    ["the only failure of a schedule without waits", dead(0, "timeout"), ["message.attempt.exhausted"]],
    ["the last failure", dead(7, "status_5xx"), ["message.attempt.exhausted"]],
    ["a fourth failure that is the last", dead(3, "dns"), ["message.attempt.failing", "message.attempt.exhausted"]],
    ["a 410", dead(0, "gone"), []],
    ["a failure that disables the endpoint", dead(5, "disabled"), []],
    ["a failure that changed nothing", failed(3, { next: "unchanged" }), []],
    ["the first success", delivered(0), []],
    ["a success after three failures", delivered(3), []],
    ["a success after four failures", delivered(4), ["message.attempt.recovered"]],
    ["a success after nine failures", delivered(9), ["message.attempt.recovered"]],
    ["a success that changed nothing", delivered(9, "unchanged"), []],
  ];
  for (const [what, attempt, types] of cases) {
    test(`${what} causes ${types.join(" and ") || "no event"}`, () => {
      expect(eventsOfAttempt(attempt)).toEqual(types as never);
    });
  }

  test("a delivery is reported as failing at most once, and as recovered only after that", () => {
    fc.assert(
      fc.property(fc.nat({ max: 30 }), fc.constantFrom(...failureReasons), (failures, reason) => {
        const attempts = Array.from({ length: failures }, (_, before) => failed(before, { reason }));
        const events = [...attempts, delivered(failures)].flatMap(eventsOfAttempt);
        expect(events).toEqual(
          failures >= failingAttempt ? ["message.attempt.failing", "message.attempt.recovered"] : [],
        );
      }),
    );
  });
});

describe("operational events of other facts", () => {
  const where = { endpointSeq: 1, applicationSeq: 2 };
  const cases: ReadonlyArray<readonly [fact: Fact, types: readonly string[] | null]> = [
    [{ type: "endpoint.created", ...where }, ["endpoint.created"]],
    [{ type: "endpoint.updated", ...where }, ["endpoint.updated"]],
    [{ type: "endpoint.deleted", ...where }, ["endpoint.deleted"]],
    [{ type: "endpoint.enabled", ...where }, ["endpoint.enabled"]],
    [{ type: "endpoint.disabled", ...where, cause: "gone", failingSince: 3 }, ["endpoint.disabled"]],
    [
      { type: "backlog.growing", ...where, environmentSeq: 3, oldestDueAt: 4, thresholdMs: 5 },
      ["boathook.backlog.growing"],
    ],
    [{ type: "backlog.recovered", environmentSeq: 3, growingSince: 4, thresholdMs: 5 }, ["boathook.backlog.recovered"]],
    [{ type: "deliveries.redriven", environmentSeq: 3, count: 1 }, null],
    [{ type: "attempt.started", deliverySeq: 1, endpointSeq: 2, batchSeq: null }, null],
  ];
  for (const [fact, types] of cases) {
    test(`the fact ${fact.type} causes ${types?.join() ?? "no event"}`, () => {
      expect(reportOf(fact)?.types ?? null).toEqual(types as never);
    });
  }
});
