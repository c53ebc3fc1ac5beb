import { describe, expect, test } from "bun:test";
import { attemptHeadersCharsMax, attemptHeadersOf } from "../../src/core/attempt-headers.ts";

const START = "POST /hook?token=secret HTTP/1.1\r\n";

describe("the stored headers of an attempt", () => {
  test("they contain every header in order, without the request line", () => {
    const { request, response } = attemptHeadersOf({
      request: `${START}Host: a.example\r\nX-A: 1: 2\r\nx-a: \r\nContent-Length: 2\r\n\r\n`,
      response: "Retry-After: 30\nX-B:\tb \nmalformed\n",
    });
    expect(request).toEqual([
      { name: "Host", value: "a.example" },
      { name: "X-A", value: "1: 2" },
      { name: "x-a", value: "" },
      { name: "Content-Length", value: "2" },
    ]);
    expect(response).toEqual([
      { name: "Retry-After", value: "30" },
      { name: "X-B", value: "b" },
    ]);
  });

  test.each(["Authorization", "authorization", "X-Api-Key", "x-auth-token", "Proxy-Authorization"])(
    "the value of the request header %s is masked",
    (name) => {
      const exchanged = { request: `${START}${name}: secret-value\r\n\r\n`, response: "" };
      expect(attemptHeadersOf(exchanged)).toEqual({ request: [{ name, value: "***" }], response: null });
    },
  );

  test("the cookies that a response sets are masked, and its challenge is kept", () => {
    const response = "SET-COOKIE: session=secret\nWWW-Authenticate: Bearer\n";
    expect(attemptHeadersOf({ request: `${START}\r\n`, response })).toEqual({
      request: [],
      response: [
        { name: "SET-COOKIE", value: "***" },
        { name: "WWW-Authenticate", value: "Bearer" },
      ],
    });
  });

  test("headers are cut at the limit", () => {
    for (const value of ["x".repeat(3000), "x".repeat(100_000), "x".repeat(attemptHeadersCharsMax - 1)]) {
      const lines = `a: ${value}\r\nb: ${value}\r\nc: 1\r\n`;
      const { request } = attemptHeadersOf({ request: `${START}${lines}\r\n`, response: "" });
      const chars = request.reduce((sum, field) => sum + field.name.length + field.value.length, 0);
      expect(chars).toBe(attemptHeadersCharsMax);
      expect(request.at(-1)!.value).toMatch(/^x*$/);
    }
  });
});
