import { describe, expect, test } from "bun:test";
import {
  channelProblem,
  eventTypeNameProblem,
  headerNameProblem,
  headersProblem,
  headerValueProblem,
  messageHeadersProblem,
  metadataProblem,
  normalizeUrl,
  textProblem,
  uidProblem,
  unicodeProblem,
} from "../../src/core/rule.ts";

/** Tests a rule on valid and invalid values of one field. */
function testRule<T>(
  field: string,
  rule: (value: T) => string | null,
  valid: readonly T[],
  refused: readonly T[],
): void {
  for (const value of valid)
    test(`the ${field} ${JSON.stringify(value)?.slice(0, 60)} is valid`, () => expect(rule(value)).toBeNull());
  for (const value of refused) {
    test(`the ${field} ${JSON.stringify(value)?.slice(0, 60)} is refused with a full sentence`, () => {
      expect(rule(value)).toMatch(/[A-Z].*[.?]$/);
    });
  }
}

describe("an application's uid", () => {
  testRule(
    "application uid",
    (uid: string) => uidProblem(uid, "app_"),
    ["a", "customer-1_2.3", "x".repeat(256), "ep_1", "application"],
    ["", ".", "..", "app_", "app_1", "a b", "a/b", "ä", "a\n", "a:b", "x".repeat(257)],
  );
});

describe("an event type's name", () => {
  testRule(
    "event type name",
    eventTypeNameProblem,
    ["a", "invoice.paid", "A-b_9", "x".repeat(256)],
    ["", "a b", "a:b", "é", "a\n", "x".repeat(257)],
  );
});

describe("a channel", () => {
  testRule("channel", channelProblem, ["a", "project:1+2", "x".repeat(256)], ["", "a b", "a,b", "x".repeat(257)]);
});

describe("a name or description", () => {
  testRule(
    "text",
    textProblem,
    ["", "Ünïcode 🚢", "tab\tand\nline", "\u0009\u001f"],
    ["\u0000", "a\u0008", "\ud800", "a\udc00b", "\udea2\ud83d"],
  );
});

describe("a text that may contain anything", () => {
  testRule("arbitrary text", unicodeProblem, ["", "\u0000", "🚢", "\uffff"], ["\ud800", "x\udfff", "\ud83d \udea2"]);
});

describe("metadata", () => {
  testRule(
    "metadata",
    metadataProblem,
    [{}, { a: "b" }, { a: "x".repeat(4096 - '{"a":""}'.length) }],
    [{ a: "x".repeat(4096) }, { a: "ü".repeat(2100) }, { a: "\ud800" }, { "\udc00": "a" }],
  );
});

describe("a header's name", () => {
  testRule(
    "header name",
    headerNameProblem,
    ["Authorization", "X-Api-Key", "x-custom", "Cookie", "traceparent", "x-gcp", "a!#$%&'*+-.^_`|~"],
    [
      "",
      "a b",
      "a:",
      "ä",
      "a\r\nb",
      "Host",
      "Connection",
      "Content-Type",
      "CONTENT-LENGTH",
      "transfer-encoding",
      "TE",
      "trailer",
      "Expect",
      "Keep-Alive",
      "Upgrade",
      "Proxy-Connection",
      "User-Agent",
      "svix-id",
      "Svix-Anything",
      "X-Svix-Foo",
      "webhook-id",
      "Webhook-Signature",
      "webhook-timestamp",
      "webhook-anything",
      "x-amz-date",
      "X-Google-Foo",
      "x-".padEnd(257, "a"),
    ],
  );
});

describe("a header's value", () => {
  testRule(
    "header value",
    headerValueProblem,
    ["", "Bearer abc=", "a\tb", "~ !", "x".repeat(4096)],
    ["a\nb", "a\r\nX: y", "\u0000", "\u007f", "ü", "x".repeat(4097)],
  );
});

const many = (count: number, bytesEach: number) =>
  Object.fromEntries(
    Array.from({ length: count }, (_, i) => [`h${i}`.padEnd(5, "-"), "x".repeat(bytesEach - 5)]),
  ) as Record<string, string>;

describe("headers", () => {
  testRule(
    "headers object",
    headersProblem,
    [{}, { "X-A": "1", "X-B": null }, many(100, 20), many(4, 4096)],
    [
      { "X-A": "1", "x-a": "2" },
      { "X-A": "1", "x-a": null },
      { "Content-Type": "text/plain" },
      many(101, 20),
      many(5, 4096),
    ],
  );
});

describe("headers of a message", () => {
  const contentType = (value: string) => ({ "Content-Type": value });
  testRule(
    "message headers object",
    messageHeadersProblem,
    [
      { "X-A": "1" },
      contentType("text/plain"),
      contentType("application/vnd.example+json; charset=utf-8"),
      contentType('multipart/form-data ;boundary="a b\\"c" ; x=y;'),
      contentType("text/html;"),
    ],
    [
      { "X-A": "1", "x-a": "2" },
      { "Content-Type": "text/plain", "content-type": "text/plain" },
      { Expect: "100-continue" },
      many(101, 20),
      many(5, 4096),
      contentType(""),
      contentType("text"),
      contentType("text/"),
      contentType("text/plain charset=utf-8"),
      contentType("text/plain, text/html"),
      contentType('text/plain; a="b'),
      contentType("text/plain; a = b"),
      contentType("text/pläin"),
      // A regular expression that can divide the spaces in several ways would take years.
      contentType(`a/b${`;${" ".repeat(100)}`.repeat(35)}!`),
    ],
  );
});

describe("an endpoint's URL", () => {
  const valid: [given: string, stored: string][] = [
    ["http://Example.COM", "http://example.com/"],
    ["https://example.com:443/a?b=c", "https://example.com/a?b=c"],
    ["https://user:pass@example.com/", "https://user:pass@example.com/"],
    ["http://127.0.0.1:9/x", "http://127.0.0.1:9/x"],
    ["http://0x7f.1/", "http://127.0.0.1/"],
    ["http://[::1]:8080/", "http://[::1]:8080/"],
    ["https://bücher.example/ü", "https://xn--bcher-kva.example/%C3%BC"],
    ["https://example.com/#part", "https://example.com/#part"],
  ];
  for (const [given, stored] of valid) {
    test(`the URL ${given} is stored as ${stored}`, () => expect(normalizeUrl(given, false)).toEqual({ url: stored }));
  }

  const refused = [
    "",
    "example.com",
    "/path",
    "http://",
    "https:///",
    "ftp://example.com/",
    "file:///etc/passwd",
    "data:,x",
    "javascript:alert(1)",
    "http://a b/",
    "http://example.com:99999/",
    "http://[::1",
    "https://example.com/\ud800",
    `https://example.com/${"x".repeat(65_536)}`,
  ];
  for (const given of refused) {
    test(`the URL ${JSON.stringify(given.slice(0, 40))} is refused`, () => {
      expect(normalizeUrl(given, false)).toEqual({ problem: expect.stringMatching(/^[A-Z].*\.$/) });
    });
  }

  test("a URL must be https if the setting requires it", () => {
    expect(normalizeUrl("http://example.com/", true)).toEqual({ problem: "Must be an https URL." });
    expect(normalizeUrl("https://example.com/", true)).toEqual({ url: "https://example.com/" });
  });
});
