import { describe, expect, test } from "bun:test";
import type { ListOf, Message, SourceLogEntry } from "../../../src/api/types.ts";
import { mergeArrivals } from "../../../web/admin/sources/arrivals.ts";

const instant = (second: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString();

function message(second: number, more: Partial<Message> = {}): Message {
  return {
    ...{ id: `msg_${second}`, eventType: "a.b", eventId: null, payload: {}, channels: null, tags: null },
    ...{ timestamp: instant(second), deliverAt: null, method: "POST", path: "/", verification: "verified" },
    ...more,
  };
}

function entry(second: number, more: Partial<SourceLogEntry> = {}): SourceLogEntry {
  return {
    ...{ id: `log_${second}`, source_id: "src_1", status_code: 401, cause: "missing_signature", error_text: "" },
    ...{ method: "PUT", path: "/x", address: "192.0.2.1", headers: {}, payload: "" },
    ...{ created_at: instant(second), updated_at: instant(second) },
    ...more,
  };
}

const list = <T>(data: readonly T[], done = true): ListOf<T> => ({ data, iterator: null, done });

const idsOf = (messages: ListOf<Message>, log: ListOf<SourceLogEntry>, limit = 50) =>
  mergeArrivals(messages, log, limit).data.map(({ id }) => id);

describe("the requests of a source", () => {
  test("stored and refused requests are one list, newest first", () => {
    const ids = idsOf(list([message(5), message(1)]), list([entry(4), entry(2)]));
    expect(ids).toEqual(["msg_5", "log_4", "log_2", "msg_1"]);
  });

  test("a request that failed its check and was stored appears once, with its cause", () => {
    const failed = message(3, { verification: "failed", verificationCause: "token_mismatch" });
    const { data } = mergeArrivals(list([failed]), list([entry(3, { status_code: 200 })]), 50);
    expect(data).toMatchObject([{ id: "msg_3", isStored: true, word: "failed", cause: "token_mismatch", tone: "bad" }]);
  });

  test("a refused request says its status and its cause", () => {
    const { data } = mergeArrivals(list([]), list([entry(1, { status_code: 429, cause: "rate_limited" })]), 50);
    expect(data).toMatchObject([
      { title: "too many requests", word: "refused 429", request: "PUT /x", isStored: false },
    ]);
  });

  test("what is older than the end of a cut list is not shown, because something may be missing between", () => {
    expect(idsOf(list([message(9), message(5)], false), list([entry(6), entry(1)]))).toEqual([
      "msg_9",
      "log_6",
      "msg_5",
    ]);
    expect(idsOf(list([message(9), message(1)]), list([entry(8), entry(5)], false))).toEqual([
      "msg_9",
      "log_8",
      "log_5",
    ]);
    expect(idsOf(list([message(1)]), list([entry(8, { status_code: 200 })], false))).toEqual([]);
  });

  test("the list says whether older requests exist", () => {
    const isCut = (messages: ListOf<Message>, limit: number) => mergeArrivals(messages, list([]), limit).isCut;
    expect([
      isCut(list([message(1)]), 1),
      isCut(list([message(2), message(1)]), 1),
      isCut(list([message(1)], false), 1),
    ]).toEqual([false, true, true]);
  });
});
