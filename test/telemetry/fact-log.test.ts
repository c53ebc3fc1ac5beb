import { describe, expect, test } from "bun:test";
import type { Fact } from "../../src/core/fact.ts";
import { Facts } from "../../src/core/facts.ts";
import { IdCodec } from "../../src/core/id.ts";
import { logFacts } from "../../src/telemetry/fact-log.ts";
import type { Log } from "../../src/telemetry/log.ts";

interface Line {
  readonly level: keyof Log;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly message: string;
}

const ids = new IdCodec([1, 2, 3, 4]);

function linesOf(...stated: readonly Fact[]): Line[] {
  const lines: Line[] = [];
  const at = (level: keyof Log) => (fields: object, message: string) =>
    void lines.push({ level, fields: fields as Line["fields"], message });
  const facts = new Facts();
  logFacts(facts, { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") }, ids);
  for (const fact of stated) facts.state(fact);
  return lines;
}

const disabled = { type: "endpoint.disabled", endpointSeq: 5, applicationSeq: 6, failingSince: 0 } as const;

const failing = {
  type: "store.failing",
  what: "commit",
  full: false,
  damaged: false,
  message: "SQLITE_IOERR",
} as const;

function taskEnded(status: "finished" | "failed", error: string | null): Fact {
  return { type: "task.ended", environmentSeq: 1, taskSeq: 7, kind: "endpoint.recover", status, error };
}

describe("fact log", () => {
  test.each<[Fact, keyof Log, RegExp]>([
    [{ ...disabled, cause: "gone" }, "warn", /410/],
    [{ ...disabled, cause: "failing" }, "warn", /endpoint-disable-after/],
    [{ type: "deliveries.buried", environmentSeq: 1, state: "dead", count: 4 }, "info", /without an attempt/],
    [{ ...failing, full: true }, "error", /^Disk is full/],
    [failing, "error", /could not be written/],
    [{ ...failing, what: "read" }, "error", /could not be read/],
    [{ ...failing, what: "read", damaged: true }, "error", /^Database is damaged/],
    [{ type: "store.recovered", damaged: false }, "info", /works again/],
    [{ type: "clock.doubted", aheadMs: 315_360_000_000 }, "warn", /--accept-clock/],
    [{ type: "clock.trusted" }, "info", /trusted again/],
    [
      { type: "source.refused", sourceSeq: 3, cause: "missing_signature", status: 401, method: "POST", address: "::1" },
      "info",
      /source was refused/,
    ],
    [
      { type: "source.refused", sourceSeq: 3, cause: "missing_signature", status: 200, method: "POST", address: "::1" },
      "info",
      /was stored nevertheless/,
    ],
    [
      { type: "source.key-unavailable", sourceSeq: 3, message: "The host is down." },
      "warn",
      /could not be fetched\. The host is down\.$/,
    ],
    [{ type: "inbox.received", token: "t", bytes: 5, messageId: "msg_1" }, "info", /inbox/],
    [
      { type: "shortage.began", resource: "memory", detail: "No memory." },
      "warn",
      /resource of this machine. No memory/,
    ],
    [{ type: "shortage.ended", resource: "memory", since: 0, postponed: 5 }, "info", /no longer wait/],
    [
      { type: "idempotency.mismatched", request: "tok_1 POST /api/v1/app", key: "k", isRejected: false },
      "info",
      /used before with another body/,
    ],
    [taskEnded("failed", "The endpoint is disabled."), "warn", /task failed/],
  ])("the fact %j is logged as %s", (fact, level, text) => {
    expect(linesOf(fact)).toMatchObject([{ level, message: expect.stringMatching(text) }]);
  });

  test("an endpoint that begins to fail or recovers is logged with its URL, without user name, password and query", () => {
    const url = "https://user:***@example.com:8443/hook?token=secret";
    const endpoint = { endpointSeq: 5, applicationSeq: 6, url };
    const [failing] = linesOf({ type: "endpoint.failing", ...endpoint, reason: "status_5xx", status: 502 });
    const names = { appId: ids.encode("app_", 6), endpointId: ids.encode("ep_", 5) };
    expect(failing).toEqual({
      level: "warn",
      message: "Endpoint is failing.",
      fields: {
        event: "endpoint.failing",
        ...names,
        url: "https://example.com:8443/hook",
        reason: "status_5xx",
        status: 502,
      },
    });
    const [recovered] = linesOf({ type: "endpoint.recovered", ...endpoint, failedForMs: 90_000 });
    expect(recovered).toMatchObject({
      level: "info",
      fields: { event: "endpoint.recovered", ...names, failedFor: "90s" },
    });
  });

  test("a line about an attempt names its message, delivery and trace", () => {
    const attempt = { messageSeq: 1, deliverySeq: 2, attemptSeq: 3, traceId: "a".repeat(32) };
    const about = { endpointSeq: 5, applicationSeq: 6, attempt };
    const url = "https://example.com/";
    const lines = [
      ...linesOf({ type: "endpoint.failing", ...about, url, reason: "timeout", status: 0 }),
      ...linesOf({ type: "endpoint.recovered", ...about, url, failedForMs: 1 }),
      ...linesOf({ type: "endpoint.disabled", ...about, cause: "gone", failingSince: null }),
    ];
    for (const { fields } of lines) {
      expect(fields).toMatchObject({
        msgId: ids.encode("msg_", 1),
        deliveryId: ids.encode("dlv_", 2),
        attemptId: ids.encode("atmpt_", 3),
        traceId: "a".repeat(32),
      });
    }
    expect(lines).toHaveLength(3);
  });

  test("log lines identify objects by their API ids", () => {
    const [line] = linesOf({ ...disabled, cause: "gone" });
    expect(line!.fields).toMatchObject({
      endpointId: ids.encode("ep_", 5),
      appId: ids.encode("app_", 6),
      failingSince: "1970-01-01T00:00:00.000Z",
    });
  });

  test("an application that exceeds a quota again and again is logged once per hour and quota", () => {
    const exceeded = { type: "quota.exceeded", applicationSeq: 6, environmentSeq: 1, limit: 5 } as const;
    const lines = linesOf(
      { ...exceeded, quota: "endpoints", at: 0 },
      { ...exceeded, quota: "endpoints", at: 3_599_999 },
      { ...exceeded, quota: "messagesPerDay", at: 1 },
      { ...exceeded, quota: "endpoints", applicationSeq: 7, at: 2 },
      { ...exceeded, quota: "endpoints", at: 3_600_000 },
    );
    const logged = lines.map(({ level, fields }) => [level, fields.appId, fields.quota, fields.limit]);
    const [six, seven] = [ids.encode("app_", 6), ids.encode("app_", 7)];
    expect(logged).toEqual([
      ["info", six, "endpoints", 5],
      ["info", six, "messagesPerDay", 5],
      ["info", seven, "endpoints", 5],
      ["info", six, "endpoints", 5],
    ]);
  });

  test.each<Fact>([
    { type: "attempt.started", deliverySeq: 1, endpointSeq: 1, batchSeq: null },
    { type: "delivery.postponed", deliverySeq: 1, endpointSeq: 1, resource: "memory" },
    { type: "commit.finished", writes: 1, durationMs: 1 },
    { type: "commit.failed", writes: 1, full: true, message: "full" },
    { type: "deliveries.redriven", environmentSeq: 1, count: 1 },
    taskEnded("finished", null),
  ])("the frequent fact %j is not logged", (fact) => {
    expect(linesOf(fact)).toEqual([]);
  });
});
