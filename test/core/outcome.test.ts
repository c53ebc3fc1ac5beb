import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { classify, failureReasons, parseRetryAfter, retryAfterMsMax } from "../../src/core/outcome.ts";
import type { Answer, TransportFailure } from "../../src/ports.ts";

const now = Date.UTC(2026, 0, 15, 12, 0, 0);

function response(status: number, retryAfter: string | null = null): Answer {
  return { kind: "response", status, retryAfter, body: new Uint8Array(), note: null };
}

describe("outcome", () => {
  const table: [status: number, reason: ReturnType<typeof classify>["reason"]][] = [
    [100, "status_3xx"],
    [199, "status_3xx"],
    [200, null],
    [204, null],
    [299, null],
    [300, "status_3xx"],
    [301, "status_3xx"],
    [399, "status_3xx"],
    [400, "status_4xx"],
    [404, "status_4xx"],
    [410, "gone"],
    [429, "status_4xx"],
    [499, "status_4xx"],
    [500, "status_5xx"],
    [503, "status_5xx"],
    [600, "status_5xx"],
    [999, "status_5xx"],
    [0, "status_5xx"],
  ];
  for (const [status, reason] of table) {
    test(`a response with status ${status} counts as ${reason ?? "a success"}`, () => {
      expect(classify(response(status), now)).toEqual({
        success: reason === null,
        reason,
        gone: status === 410,
        retryAfterMs: null,
      });
    });
  }

  test("an attempt without a response fails with the transport's reason", () => {
    const reasons: TransportFailure[] = ["timeout", "connection", "dns", "tls", "blocked"];
    for (const reason of reasons) {
      expect(classify({ kind: "failure", reason, detail: "" }, now)).toEqual({
        success: false,
        reason,
        gone: false,
        retryAfterMs: null,
      });
    }
  });

  test("a response of any status is a success exactly when its outcome has no reason", () => {
    fc.assert(
      fc.property(fc.integer(), (status) => {
        const { success, reason } = classify(response(status), now);
        expect(success).toBe(reason === null);
        if (reason !== null) expect(failureReasons).toContain(reason);
      }),
    );
  });

  test("Retry-After is honored only in responses with status 429 or 503", () => {
    for (let status = 100; status < 600; status++) {
      const asked = classify(response(status, "7"), now).retryAfterMs;
      expect(asked).toBe(status === 429 || status === 503 ? 7000 : null);
    }
  });
});

describe("Retry-After", () => {
  const table: [text: string | null, ms: number | null][] = [
    [null, null],
    ["", null],
    ["0", 0],
    ["120", 120_000],
    [" 120 ", 120_000],
    ["86400", retryAfterMsMax],
    ["86401", retryAfterMsMax],
    ["9".repeat(400), retryAfterMsMax],
    ["-1", null],
    ["+1", null],
    ["1.5", null],
    ["1e3", null],
    ["0x10", null],
    ["soon", null],
    ["2026", 2_026_000],
    ["Thu, 15 Jan 2026 12:00:00 GMT", 0],
    ["Thu, 15 Jan 2026 12:05:00 GMT", 300_000],
    ["Thu, 15 Jan 2026 11:59:59 GMT", null],
    ["Thu, 15 Jan 2099 12:00:00 GMT", retryAfterMsMax],
    ["Thursday, 15-Jan-26 12:01:00 GMT", 60_000],
    ["Sunday, 06-Nov-94 08:49:37 GMT", null],
    ["Thu Jan 15 12:01:00 2026", 60_000],
    ["Sun Feb  1 12:00:00 2026", retryAfterMsMax],
    ["Thu, 15 Foo 2026 12:05:00 GMT", null],
    ["Thu, 15 Jan 2026 12:05:00 CET", null],
    ["2026-01-15T12:05:00Z", null],
  ];
  for (const [text, ms] of table) {
    test(`Retry-After ${JSON.stringify(text)?.slice(0, 40)} ${ms === null ? "is ignored" : `means a wait of ${ms} ms`}`, () => {
      expect(parseRetryAfter(text, now)).toBe(ms);
    });
  }

  test("the wait that Retry-After requests is never negative or longer than a day, whatever the header's value", () => {
    const text = fc.oneof(
      fc.string(),
      fc.integer().map(String),
      fc.date({ noInvalidDate: true }).map((d) => d.toUTCString()),
    );
    fc.assert(
      fc.property(text, (value) => {
        const ms = parseRetryAfter(value, now) ?? 0;
        expect(ms).toBeGreaterThanOrEqual(0);
        expect(ms).toBeLessThanOrEqual(retryAfterMsMax);
      }),
    );
  });
});
