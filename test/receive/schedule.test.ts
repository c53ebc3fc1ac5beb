import { describe, expect, test } from "bun:test";
import { isSchedule, parseSchedule, type Schedule } from "../../src/receive/schedule.ts";

function scheduleOf(text: string, timezone = "UTC"): Schedule {
  const parsed = parseSchedule(text, timezone);
  if (!isSchedule(parsed)) throw new Error(`${text} in ${timezone}: ${parsed.msg}`);
  return parsed;
}

const ms = (instant: string) => Date.parse(instant);
const shown = (at: number | null) => (at === null ? null : new Date(at).toISOString().slice(0, 16));

const NEXT: readonly (readonly [text: string, zone: string, after: string, runs: readonly string[]])[] = [
  ["* * * * *", "UTC", "2026-03-28T00:00:30Z", ["2026-03-28T00:01", "2026-03-28T00:02"]],
  ["*/15 * * * *", "UTC", "2026-03-28T00:00:00Z", ["2026-03-28T00:15", "2026-03-28T00:30"]],
  ["0 9 * * 1-5", "Europe/Berlin", "2026-03-27T12:00:00Z", ["2026-03-30T07:00", "2026-03-31T07:00"]],
  ["0 9 * * 7", "UTC", "2026-03-28T00:00:00Z", ["2026-03-29T09:00", "2026-04-05T09:00"]],
  ["0 9 * * SUN", "UTC", "2026-03-28T00:00:00Z", ["2026-03-29T09:00", "2026-04-05T09:00"]],
  // Day of the month and day of the week: either matches, as in Vixie cron.
  ["0 0 1 * 3", "UTC", "2026-03-26T00:00:00Z", ["2026-04-01T00:00", "2026-04-08T00:00"]],
  ["0 0 29 2 *", "UTC", "2026-03-28T00:00:00Z", ["2028-02-29T00:00", "2032-02-29T00:00"]],
  // 02:30 does not exist on 29 March in Berlin; the run moves to 03:00 local time or later.
  ["30 2 * * *", "Europe/Berlin", "2026-03-28T12:00:00Z", ["2026-03-29T01:00", "2026-03-30T00:30"]],
  // 02:30 exists twice on 25 October in Berlin, and runs once.
  ["30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z", ["2026-10-25T00:30", "2026-10-26T01:30"]],
];

describe("a schedule", () => {
  for (const [text, zone, after, runs] of NEXT) {
    test(`"${text}" in ${zone} runs at ${runs.join(" and ")} after ${after}`, () => {
      const schedule = scheduleOf(text, zone);
      const first = schedule.next(ms(after));
      expect([shown(first), shown(schedule.next(first))]).toEqual([...runs]);
    });
  }

  const REFUSED = [
    "",
    " ",
    "* * * *",
    "* * * * * *",
    "@daily",
    "60 * * * *",
    "* 24 * * *",
    "* * 0 * *",
    "* * * 13 *",
    "* * * * 8",
    "a b c d e",
    "*/0 * * * *",
    "5-1 * * * *",
    "H * * * *",
    `${"1,".repeat(200)}1 * * * *`,
  ];
  for (const text of REFUSED) {
    test(`the text ${JSON.stringify(text.slice(0, 20))} is refused with the form of a schedule`, () => {
      expect(parseSchedule(text, "UTC")).toMatchObject({
        field: "schedule",
        msg: expect.stringContaining("five fields"),
      });
    });
  }

  test("a time that never comes is refused", () => {
    expect(parseSchedule("0 0 30 2 *", "UTC")).toMatchObject({
      field: "schedule",
      msg: expect.stringContaining("30 February"),
    });
  });

  for (const zone of ["Mars/Olympus", "", "Europe/berlin town", "x".repeat(1000)]) {
    test(`the time zone ${JSON.stringify(zone.slice(0, 20))} is refused`, () => {
      expect(parseSchedule("* * * * *", zone)).toMatchObject({ field: "timezone" });
    });
  }

  test("of several runs in a period, the latest is found", () => {
    const schedule = scheduleOf("0 * * * *");
    expect(shown(schedule.latest(ms("2026-03-28T00:30:00Z"), ms("2026-03-28T05:10:00Z")))).toBe("2026-03-28T05:00");
  });

  test("a run at the end of a period belongs to the period, and a run at its beginning does not", () => {
    const schedule = scheduleOf("0 * * * *");
    const [four, five] = [ms("2026-03-28T04:00:00Z"), ms("2026-03-28T05:00:00Z")];
    expect(schedule.latest(four, five)).toBe(five);
    expect(schedule.latest(four, five - 1)).toBeNull();
    expect(schedule.latest(five, five + 59 * 60_000)).toBeNull();
  });
});
