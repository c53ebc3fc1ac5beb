import { describe, expect, test } from "bun:test";
import { errorReply } from "../../../src/api/http/errors.ts";
import { invalid, Problem } from "../../../src/core/problem.ts";
import { StoreUnavailable } from "../../../src/store/index.ts";
import { silentLog } from "../../../src/telemetry/log.ts";

describe("error responses", () => {
  test("a problem becomes a response with the problem's status, code, detail and Retry-After", () => {
    const { status, body, headers } = errorReply(new Problem(429, "too_many_requests", "Slower.", 3), silentLog);
    expect([status, JSON.parse(body)]).toEqual([429, { code: "too_many_requests", detail: "Slower." }]);
    expect(headers).toEqual({ "retry-after": "3" });
  });

  test("validation findings become a 422", () => {
    const { status, body } = errorReply(invalid(["body", "name"], "Wrong."), silentLog);
    expect([status, JSON.parse(body)]).toEqual([
      422,
      { detail: [{ loc: ["body", "name"], msg: "Wrong.", type: "value_error" }] },
    ]);
  });

  test("an unavailable store becomes a 503 with Retry-After", () => {
    const { status, headers } = errorReply(new StoreUnavailable("The disk is full."), silentLog);
    expect(status).toBe(503);
    expect(Number(headers?.["retry-after"])).toBeGreaterThan(0);
  });

  test("an unexpected error becomes a 500 that is logged but not shown to the caller", () => {
    const logged: object[] = [];
    const log = { ...silentLog, error: (fields: object) => void logged.push(fields) };
    const error = new TypeError("secret of the inside");
    const { status, body } = errorReply(error, log);
    expect([status, JSON.parse(body).code]).toEqual([500, "server_error"]);
    expect(body).not.toContain("secret");
    expect(logged).toEqual([{ error }]);
  });
});
