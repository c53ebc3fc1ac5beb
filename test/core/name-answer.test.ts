import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  type Finding,
  freshMs,
  learn,
  type NameAnswer,
  rankOf,
  restAfterFailureMs,
  usableAddresses,
  usableMs,
} from "../../src/core/name-answer.ts";

const ADDRESSES = ["192.0.2.1", "2001:db8::1"];
const found: Finding = { kind: "found", addresses: ADDRESSES };
const absent: Finding = { kind: "absent" };
const unanswered: Finding = { kind: "unanswered" };

/** What is known after these findings, each at its instant. */
function after(...findings: [Finding, number][]): NameAnswer {
  return findings.reduce<NameAnswer | undefined>((answer, [finding, at]) => learn(answer, finding, at), undefined)!;
}

describe("the rest after failures", () => {
  const table = { 1: 2000, 2: 4000, 3: 8000, 4: 16_000, 5: 30_000, 6: 30_000, 1000: 30_000, 5000: 30_000 };
  for (const [failures, ms] of Object.entries(table)) {
    test(`after ${failures} is ${ms} ms`, () => expect(restAfterFailureMs(Number(failures))).toBe(ms));
  }
});

describe("a good answer", () => {
  const answer = after([found, 1000]);

  test("is not asked for again while it is fresh", () => {
    expect(answer).toEqual({
      addresses: ADDRESSES,
      usableUntil: 1000 + usableMs,
      restUntil: 1000 + freshMs,
      failures: 0,
    });
  });

  test("may be used for some minutes, and not a moment longer", () => {
    expect(usableAddresses(answer, 1000 + usableMs - 1)).toEqual(ADDRESSES);
    expect(usableAddresses(answer, 1000 + usableMs)).toEqual([]);
  });

  test("outlives silence, whose length counts from the good answer", () => {
    const silent = after([found, 1000], [unanswered, 20_000], [unanswered, 30_000]);
    expect(silent).toEqual({ addresses: ADDRESSES, usableUntil: 1000 + usableMs, restUntil: 34_000, failures: 2 });
    expect(usableAddresses(silent, 1000 + usableMs)).toEqual([]);
  });

  test("is forgotten when silence lasts longer than it may be used", () => {
    expect(after([found, 0], [unanswered, usableMs]).addresses).toEqual([]);
  });

  test("is forgotten as soon as there is no such name", () => {
    expect(after([found, 0], [absent, 20_000])).toMatchObject({ addresses: [], restUntil: 22_000, failures: 1 });
  });

  test("ends every row of failures", () => {
    expect(after([absent, 0], [unanswered, 5000], [found, 10_000]).failures).toBe(0);
  });

  test("without an address is none", () => {
    expect(after([{ kind: "found", addresses: [] }, 0])).toMatchObject({ addresses: [], failures: 1 });
  });
});

test("no addresses are used later than their time after the latest good answer, whatever was found in between", () => {
  const findings = fc.array(fc.tuple(fc.constantFrom(found, absent, unanswered), fc.nat(120_000)), { minLength: 1 });
  fc.assert(
    fc.property(findings, fc.nat(10 * 60_000), (steps, laterMs) => {
      let [now, foundAt] = [0, Number.NEGATIVE_INFINITY];
      let answer: NameAnswer | undefined;
      for (const [finding, waitMs] of steps) {
        now += waitMs;
        answer = learn(answer, finding, now);
        if (finding === found) foundAt = now;
        expect(answer.restUntil).toBeGreaterThan(now);
        expect(answer.restUntil).toBeLessThanOrEqual(now + 30_000);
      }
      if (usableAddresses(answer, now + laterMs).length > 0) expect(now + laterMs - foundAt).toBeLessThan(usableMs);
    }),
  );
});

describe("asked first are", () => {
  const table: [what: string, answer: NameAnswer | undefined, now: number, rank: number][] = [
    ["names with a good answer", after([found, 0]), 20_000, 0],
    ["names that were good, however long ago", after([found, 0]), 10 * usableMs, 0],
    ["names with an answer that is still usable", after([found, 0], [unanswered, 20_000]), 30_000, 0],
    ["then new names", undefined, 0, 1],
    ["then names that nobody answers for", after([unanswered, 0]), 5000, 2],
    ["and those without an address", after([found, 0], [absent, 20_000]), 30_000, 2],
  ];
  for (const [what, answer, now, rank] of table) {
    test(what, () => expect<number>(rankOf(answer, now)).toBe(rank));
  }
});
