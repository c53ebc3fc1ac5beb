import { describe, expect, test } from "bun:test";
import { pathOf, searchOf, targetOf, withHost } from "../../../src/api/http/request-target.ts";

const targets: [url: string, target: string][] = [
  ["http://localhost:8071/api/v1/app", "/api/v1/app"],
  ["http://a/api/v1/app/", "/api/v1/app/"],
  ["http://[::1]/api/v1/app?a=/b", "/api/v1/app?a=/b"],
  ["/api/v1/app?to=http://host/path", "/api/v1/app?to=http://host/path"],
  ["/", "/"],
  ["//api", "//api"],
  ["http://a//api", "//api"],
  ["http://a", "/"],
];

describe("the target of a request", () => {
  for (const [url, target] of targets) {
    test(`the request target of ${url} is ${target}`, () => {
      expect(targetOf(url)).toBe(target);
    });
  }

  test("a request target is split into a path and a query, and the query may be empty", () => {
    expect(["/a/", "/a?b/", "http://h/a/?b=c?d"].map(pathOf)).toEqual(["/a/", "/a", "/a/"]);
    expect(["/a", "/a?", "http://h/a?b=c?d"].map(searchOf)).toEqual(["", "", "b=c?d"]);
  });
});

describe("the host of a request", () => {
  test("a request without a host gets one, and the rest of the request stays the same", async () => {
    const sent = new Request("http://x/", { method: "POST", body: "text", headers: { a: "b" } });
    Object.defineProperty(sent, "url", { value: "/path/?q=1" });
    const request = withHost(sent);
    expect([request.url, request.method, request.headers.get("a")]).toEqual([
      "http://localhost/path/?q=1",
      "POST",
      "b",
    ]);
    expect(await request.text()).toBe("text");
  });

  test("a request with a host is left unchanged", () => {
    const request = new Request("http://a/path");
    expect(withHost(request)).toBe(request);
  });
});
