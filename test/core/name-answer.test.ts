import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  freshMs,
  type LookupResult,
  learn,
  type NameAnswer,
  pauseAfterFailureMs,
  rankOf,
  resolvedOf,
  usableAddresses,
  usableMs,
} from "../../src/core/name-answer.ts";

import { noNameServer } from "../../src/core/shortage.ts";

const ADDRESSES = ["192.0.2.1", "2001:db8::1"];
const found: LookupResult = { kind: "found", addresses: ADDRESSES };
const absent: LookupResult = { kind: "absent" };
const unanswered: LookupResult = { kind: "unanswered" };

/** Returns the cache entry after these lookups, each given with its time. */
function after(...results: [LookupResult, number][]): NameAnswer {
  return results.reduce<NameAnswer | undefined>((answer, [result, at]) => learn(answer, result, at), undefined)!;
}

describe("pause after failures", () => {
  const table = { 1: 2000, 2: 4000, 3: 8000, 4: 16_000, 5: 30_000, 6: 30_000, 1000: 30_000, 5000: 30_000 };
  for (const [failures, ms] of Object.entries(table)) {
    test(`after ${failures} consecutive failed lookups, the next lookup follows after ${ms} ms`, () =>
      expect(pauseAfterFailureMs(Number(failures))).toBe(ms));
  }
});

describe("successful lookup", () => {
  const answer = after([found, 1000]);

  test("a successful result is not looked up again while it is fresh", () => {
    expect(answer).toEqual({
      addresses: ADDRESSES,
      usableUntil: 1000 + usableMs,
      nextLookupAt: 1000 + freshMs,
      failures: 0,
    });
  });

  test("a successful result can be used for five minutes and no longer", () => {
    expect(usableAddresses(answer, 1000 + usableMs - 1)).toEqual(ADDRESSES);
    expect(usableAddresses(answer, 1000 + usableMs)).toEqual([]);
  });

  test("a successful result remains usable while lookups get no response, but only for its lifetime", () => {
    const silent = after([found, 1000], [unanswered, 20_000], [unanswered, 30_000]);
    expect(silent).toEqual({ addresses: ADDRESSES, usableUntil: 1000 + usableMs, nextLookupAt: 34_000, failures: 2 });
    expect(usableAddresses(silent, 1000 + usableMs)).toEqual([]);
  });

  test("a successful result is dropped when lookups have had no response for longer than its lifetime", () => {
    expect(after([found, 0], [unanswered, usableMs]).addresses).toEqual([]);
  });

  test("a successful result is dropped as soon as a lookup finds that the name does not exist", () => {
    expect(after([found, 0], [absent, 20_000])).toMatchObject({ addresses: [], nextLookupAt: 22_000, failures: 1 });
  });

  test("a successful result resets the number of failures", () => {
    expect(after([absent, 0], [unanswered, 5000], [found, 10_000]).failures).toBe(0);
  });

  test("a result without an address counts as a failure", () => {
    expect(after([{ kind: "found", addresses: [] }, 0])).toMatchObject({ addresses: [], failures: 1 });
  });
});

test("addresses are not used after their lifetime, whatever later lookups returned", () => {
  const results = fc.array(fc.tuple(fc.constantFrom(found, absent, unanswered), fc.nat(120_000)), { minLength: 1 });
  fc.assert(
    fc.property(results, fc.nat(10 * 60_000), (steps, laterMs) => {
      let [now, foundAt] = [0, Number.NEGATIVE_INFINITY];
      let answer: NameAnswer | undefined;
      for (const [result, waitMs] of steps) {
        now += waitMs;
        answer = learn(answer, result, now);
        if (result === found) foundAt = now;
        expect(answer.nextLookupAt).toBeGreaterThan(now);
        expect(answer.nextLookupAt).toBeLessThanOrEqual(now + 30_000);
      }
      if (usableAddresses(answer, now + laterMs).length > 0) expect(now + laterMs - foundAt).toBeLessThan(usableMs);
    }),
  );
});

describe("lookup priority", () => {
  const table: [what: string, answer: NameAnswer | undefined, now: number, rank: number][] = [
    ["names with a successful result have priority 0", after([found, 0]), 20_000, 0],
    ["names whose last lookup succeeded have priority 0, however long ago it was", after([found, 0]), 10 * usableMs, 0],
    ["failing names with usable addresses have priority 0", after([found, 0], [unanswered, 20_000]), 30_000, 0],
    ["new names have priority 1", undefined, 0, 1],
    ["names with only unanswered lookups have priority 2", after([unanswered, 0]), 5000, 2],
    ["names that do not exist have priority 2", after([found, 0], [absent, 20_000]), 30_000, 2],
  ];
  for (const [what, answer, now, rank] of table) {
    test(what, () => expect<number>(rankOf(answer, now)).toBe(rank));
  }
});

describe("unreachable name servers", () => {
  const unreachable: LookupResult = { kind: "unreachable", shortage: noNameServer };

  test("resolving a name without usable addresses returns the shortage, and the name is looked up again after two seconds", () => {
    const answer = after([absent, 0], [unreachable, 5000], [unreachable, 8000]);
    expect(answer).toMatchObject({ nextLookupAt: 10_000, failures: 1 });
    expect(resolvedOf(answer, 9000)).toEqual(noNameServer);
  });

  test("a name keeps its addresses for five minutes while the name servers are unreachable", () => {
    const answer = after([found, 0], [unreachable, 20_000]);
    expect(resolvedOf(answer, usableMs - 1)).toEqual(ADDRESSES);
    expect(resolvedOf(answer, usableMs)).toEqual(noNameServer);
  });

  test("a later response from a name server ends the shortage", () => {
    expect(resolvedOf(after([unreachable, 0], [absent, 2000]), 2001)).toEqual([]);
    expect(resolvedOf(after([unreachable, 0], [found, 2000]), 2001)).toEqual(ADDRESSES);
  });
});
