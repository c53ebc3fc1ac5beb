import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type DueNotice, dueNotices, type Observed, SentNotices, sentNoticesOf } from "../../src/notice/rules.ts";

const QUIET_MS = 100;
const nothing: Observed = {
  ...{ failing: new Map(), disabled: new Map(), unverified: new Map(), backlogs: new Map() },
  recovered: new Set(),
};
const failing = (since = 1): Observed => ({ ...nothing, failing: new Map([[7, since]]) });
const well: Observed = { ...nothing, recovered: new Set([7]) };

/** One channel over time. */
class Channel {
  readonly sent = new SentNotices();

  /** Returns the kinds of the notices that the channel gets now. */
  at(now: number, observed: Observed): string[] {
    const due = dueNotices(observed, this.sent, now, QUIET_MS);
    for (const one of due) {
      for (const notice of sentNoticesOf(one, this.sent, { channel: "mail", sentAt: now })) this.sent.put(notice);
    }
    this.sent.forgetEnded(now - QUIET_MS);
    return due.map(({ kind }) => kind);
  }
}

describe("the notices that are due", () => {
  test("an endpoint that keeps failing is reported once, and once more when it has recovered", () => {
    const channel = new Channel();
    expect(channel.at(0, failing())).toEqual(["failing"]);
    expect(channel.at(1000, failing())).toEqual([]);
    expect(channel.at(2000, nothing)).toEqual([]);
    expect(channel.at(3000, well)).toEqual(["recovered"]);
    expect(channel.at(4000, well)).toEqual([]);
  });

  test("an endpoint that fails and recovers repeatedly causes at most one notice of each kind in the quiet time", () => {
    const channel = new Channel();
    const kinds = [10, 30, 50, 70, 90].flatMap((now) => [
      ...channel.at(now, failing(now)),
      ...channel.at(now + 10, well),
    ]);
    expect(kinds).toEqual(["failing", "recovered"]);
    expect(channel.at(109, failing(100))).toEqual([]);
    expect(channel.at(110, failing(100))).toEqual(["failing"]);
    expect(channel.at(119, well)).toEqual([]);
    expect(channel.at(120, well)).toEqual(["recovered"]);
  });

  test("an endpoint that fails, is disabled and recovers is reported once for each, with the first failure as the start", () => {
    const channel = new Channel();
    expect(channel.at(10, failing(5))).toEqual(["failing"]);
    const disabled = { ...nothing, disabled: new Map([[7, 20]]) };
    expect(channel.at(20, disabled)).toEqual(["disabled"]);
    expect(dueNotices(well, channel.sent, 30, QUIET_MS)).toEqual([
      { subjectSeq: 7, kind: "recovered", since: 5, isBacklog: false },
    ]);
    expect(channel.at(30, well)).toEqual(["recovered"]);
    expect(channel.sent.open()).toEqual([]);
  });

  test("an endpoint that stays unverified is reported once, and once more when it works", () => {
    const channel = new Channel();
    const unverified = { ...nothing, unverified: new Map([[7, 1]]) };
    expect(channel.at(0, unverified)).toEqual(["unverified"]);
    expect(channel.at(1000, unverified)).toEqual([]);
    expect(channel.at(2000, well)).toEqual(["recovered"]);
    expect(channel.at(3000, well)).toEqual([]);
  });

  test("a recovery of which nobody knew the trouble is not reported", () => {
    expect(new Channel().at(0, well)).toEqual([]);
  });

  test("a backlog and its recovery are marked as such", () => {
    const channel = new Channel();
    const growing = { ...nothing, backlogs: new Map([[7, 1]]) };
    expect(dueNotices(growing, channel.sent, 5, QUIET_MS)).toEqual([
      { subjectSeq: 7, kind: "backlog", since: 1, isBacklog: true },
    ]);
    channel.at(5, growing);
    expect(dueNotices(well, channel.sent, 6, QUIET_MS)).toMatchObject([{ kind: "recovered", isBacklog: true }]);
  });

  test("a notice of the future, from before the clock was set back, silences nothing", () => {
    const channel = new Channel();
    channel.at(1000, failing());
    channel.at(1001, well);
    expect(channel.at(10, failing())).toEqual(["failing"]);
  });

  test("whatever happens, no subject gets two notices of a kind within the quiet time, and none without a reason", () => {
    const step = fc.record({ wait: fc.nat(60), state: fc.constantFrom("failing", "disabled", "well", "unknown") });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const channel = new Channel();
        const last = new Map<DueNotice["kind"], number>();
        let now = 0;
        for (const { wait, state } of steps) {
          now += wait;
          const observed: Observed =
            state === "disabled"
              ? { ...nothing, disabled: new Map([[7, now]]) }
              : { failing: failing(now), well, unknown: nothing }[state];
          for (const { kind } of dueNotices(observed, channel.sent, now, QUIET_MS)) {
            expect(now - (last.get(kind) ?? -QUIET_MS)).toBeGreaterThanOrEqual(QUIET_MS);
            expect(kind).toBe(state === "well" ? "recovered" : (state as typeof kind));
            last.set(kind, now);
          }
          channel.at(now, observed);
        }
      }),
    );
  });
});
