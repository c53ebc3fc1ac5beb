import { describe, expect, test } from "bun:test";
import { maskPassword, passwordOf, unmaskedUrl, withPassword } from "../../src/core/url-password.ts";

describe("a URL with a password", () => {
  test.each([
    ["https://user:secret@a.example/x?q=1", "https://user:***@a.example/x?q=1"],
    ["https://:secret@a.example/", "https://:***@a.example/"],
    ["https://user:p%40ss@a.example:8443/", "https://user:***@a.example:8443/"],
    ["https://user@a.example/", "https://user@a.example/"],
    ["https://a.example/path@x:y", "https://a.example/path@x:y"],
    ["https://a.example/", "https://a.example/"],
    ["no url @", "no url @"],
    ["grpc://user:secret@a.example:50051", "grpc://user:***@a.example:50051"],
    ["grpc://user@a.example:50051", "grpc://user@a.example:50051"],
  ])("the text %s is shown as %s", (url, shown) => {
    expect(maskPassword(url)).toBe(shown);
    expect(maskPassword(shown)).toBe(shown);
  });

  test.each(["p%40ss", "100%", "a%20b", "%F0%9F%94%91", "***x"])(
    "the password %s is restored unchanged",
    (password) => {
      const url = new URL(`https://user:${password}@a.example/x`).href;
      expect(withPassword(maskPassword(url), passwordOf(url)!)).toBe(url);
    },
  );

  test.each<[sent: string, before: string | null, meant: string | null]>([
    ["https://u:***@a.example/y", "https://u:s@a.example/x", "https://u:s@a.example/y"],
    ["https://u:%2A%2A%2A@a.example/y", "https://u:s@a.example/x", "https://u:s@a.example/y"],
    ["https://u:%2a**@b.example/", "https://u:s@a.example/", null],
    ["https://u:new@a.example/", "https://u:s@a.example/", "https://u:new@a.example/"],
    ["https://u@a.example/", "https://u:s@a.example/", "https://u@a.example/"],
    ["https://u:***@b.example/", "https://u:s@a.example/", null],
    ["https://u:***@a.example:81/", "https://u:s@a.example/", null],
    ["http://u:***@a.example/", "https://u:s@a.example/", null],
    ["https://v:***@a.example/", "https://u:s@a.example/", null],
    ["https://u:***@a.example/", "https://a.example/", null],
    ["https://u:***@a.example/", null, null],
    ["grpc://u:***@a.example:1", "grpc://u:s@a.example:1", "grpc://u:s@a.example:1"],
    ["grpc://u:***@b.example:1", "grpc://u:s@a.example:1", null],
    ["grpc://u:***@a.example:2", "grpc://u:s@a.example:1", null],
    ["grpc://v:***@a.example:1", "grpc://u:s@a.example:1", null],
    ["grpc://u:***@a.example:1", "grpcs://u:s@a.example:1", null],
  ])("the URL %s, combined with the stored URL %p, becomes %p", (sent, before, meant) => {
    expect(unmaskedUrl(sent, before)).toBe(meant);
  });
});
