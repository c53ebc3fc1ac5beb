import { describe, expect, test } from "bun:test";
import {
  countAt,
  dayOf,
  endOf,
  limitsMessages,
  NO_QUOTA,
  quotaInForce,
  startOf,
  useWith,
} from "../../src/core/quota.ts";
import { quotaType } from "../../src/core/resources/quota.ts";

const DAY_MS = 86_400_000;
const MIDNIGHT = Date.UTC(2026, 0, 2);
const DEFAULTS = { endpoints: 5, messagesPerDay: 10, storedBytes: null };

describe("the quota in force", () => {
  test("each limit of an application precedes the default, also a limit of 0", () => {
    const own = { endpoints: 0, messagesPerDay: null, storedBytes: 7 };
    expect(quotaInForce({ quota: own, sourceSeq: null }, DEFAULTS)).toEqual({
      endpoints: 0,
      messagesPerDay: 10,
      storedBytes: 7,
    });
    expect(quotaInForce({ quota: null, sourceSeq: null }, DEFAULTS)).toEqual(DEFAULTS);
  });

  test("an application behind a source has no limits", () => {
    const own = { endpoints: 1, messagesPerDay: 1, storedBytes: 1 };
    expect(quotaInForce({ quota: own, sourceSeq: 3 }, DEFAULTS)).toEqual(NO_QUOTA);
  });

  test("only a limit of messages or of bytes limits messages", () => {
    expect(limitsMessages(null)).toBe(false);
    expect(limitsMessages(NO_QUOTA)).toBe(false);
    expect(limitsMessages({ ...NO_QUOTA, messagesPerDay: 0 })).toBe(true);
    expect(limitsMessages({ ...NO_QUOTA, storedBytes: 0 })).toBe(true);
  });

  test("a quota without any limit is stored as none", () => {
    expect(quotaType.parse({})).toBeNull();
    expect(quotaType.parse(null)).toBeNull();
    expect(quotaType.parse({ endpoints: null, storedBytes: null })).toBeNull();
    expect(quotaType.parse({ endpoints: 0 })).toEqual({ endpoints: 0, messagesPerDay: null, storedBytes: null });
  });
});

describe("the count of a day", () => {
  const count = { day: dayOf(MIDNIGHT), messages: 4 };

  test("a count is in force from midnight to midnight in UTC", () => {
    expect([startOf(count), endOf(count)]).toEqual([MIDNIGHT, MIDNIGHT + DAY_MS]);
    expect(countAt(count, MIDNIGHT)).toBe(count);
    expect(countAt(count, MIDNIGHT + DAY_MS - 1)).toBe(count);
    expect(countAt(count, MIDNIGHT + DAY_MS)).toEqual({ day: count.day + 1, messages: 0 });
  });

  test("a count stays in force if the clock is set back by up to a day, and is dropped beyond that", () => {
    expect(countAt(count, MIDNIGHT - 1)).toBe(count);
    expect(countAt(count, MIDNIGHT - DAY_MS)).toBe(count);
    expect(countAt(count, MIDNIGHT - DAY_MS - 1)).toEqual({ day: count.day - 2, messages: 0 });
  });
});

describe("a message counts towards the quota", () => {
  const day = 20_000;
  const acceptedAt = day * 86_400_000 + 5;
  const use = { day, messages: 3, storedBytes: 90 };
  const message = { payload: new Uint8Array(10), acceptedAt };
  const endsAt = (day + 1) * 86_400_000;

  test.each([
    ["no limit", { messagesPerDay: null, storedBytes: null }, { day, messages: 4, storedBytes: 100 }],
    ["limits that it reaches", { messagesPerDay: 4, storedBytes: 100 }, { day, messages: 4, storedBytes: 100 }],
    ["a used up day", { messagesPerDay: 3, storedBytes: null }, { quota: "messagesPerDay", limit: 3, used: 3, endsAt }],
    ["too few bytes", { messagesPerDay: null, storedBytes: 99 }, { quota: "storedBytes", limit: 99, used: 90 }],
  ])("with %s", (_, quota, expected) => {
    expect(useWith(use, message, quota)).toEqual(expected as never);
  });

  test("on the next day, which begins a new count", () => {
    const next = { ...message, acceptedAt: endsAt + 86_400_000 };
    expect(useWith(use, next, { messagesPerDay: 1, storedBytes: null })).toEqual({
      ...{ day: day + 2, messages: 1, storedBytes: 100 },
    });
  });
});
