import { expect, test } from "bun:test";
import fc from "fast-check";
import { inboxLink, inboxOfUrl, messageLink, receivedLink, refusedLink, sourceLink } from "../../web/admin/links.ts";
import { link, match, parseAddress } from "../../web/kit/address.ts";

const PATTERNS = [
  "",
  "app/:app/msg/:message",
  "app/:app/inbox/:inbox",
  "source",
  "source/new",
  "source/:source",
  "source/:source/msg/:message",
  "source/:source/log/:entry",
];

/** Returns the first pattern that a link fits, with the parameters. */
function found(hash: string): unknown {
  const { path } = parseAddress(hash);
  for (const pattern of PATTERNS) {
    const params = match(pattern, path);
    if (params !== null) return { pattern, ...params };
  }
  return null;
}

/** Ids that can be escaped in a path. */
const id = fc
  .string({ minLength: 1, unit: "grapheme" })
  .filter((text) => text.isWellFormed() && !["new", ".", ".."].includes(text));

test("an empty hash leads to the overview", () => {
  for (const hash of ["", "#", "#/", "#//"]) expect(found(hash)).toEqual({ pattern: "" });
});

test("every link leads to its page, whatever characters the ids contain", () => {
  fc.assert(
    fc.property(id, id, (one, other) => {
      const pages = [
        [messageLink(one, other), { pattern: "app/:app/msg/:message", app: one, message: other }],
        [inboxLink(one, other), { pattern: "app/:app/inbox/:inbox", app: one, inbox: other }],
        [sourceLink(one), { pattern: "source/:source", source: one }],
        [receivedLink(one, other), { pattern: "source/:source/msg/:message", source: one, message: other }],
        [refusedLink(one, other), { pattern: "source/:source/log/:entry", source: one, entry: other }],
      ] as const;
      for (const [hash, page] of pages) expect(found(hash)).toEqual(page);
    }),
  );
  for (const hash of ["#/source", "#/source/"]) expect(found(hash)).toEqual({ pattern: "source" });
  expect(found("#/source/new")).toEqual({ pattern: "source/new" });
});

test("filters survive a link, and empty ones are left out", () => {
  fc.assert(
    fc.property(fc.dictionary(id, id), (query) => {
      expect(parseAddress(link(["msg"], query)).query).toEqual(query);
    }),
  );
  expect(link(["msg"], { app_id: null, text: "", status: undefined, tag: "a b" })).toBe("#/msg?tag=a+b");
});

test("an address that fits no pattern leads to no page, and no address throws", () => {
  for (const hash of [
    "#/app",
    "#/app/a/msg",
    "#/app/a/msg/",
    "#/app/a/what/b",
    "#/app/a/msg/b/c",
    "#/app/../msg/b",
    "#/%E0%A4%A",
    "#/source/a/b",
    "#/source/a/msg/b/c",
  ]) {
    expect(found(hash)).toBeNull();
  }
  fc.assert(fc.property(fc.string(), (hash) => void parseAddress(hash)));
});

test("the URL of a built-in inbox is recognised by its path", () => {
  expect(inboxOfUrl("http://127.0.0.1:8071/inbox/abc")).toBe("abc");
  expect(inboxOfUrl("https://hooks.example/inbox/abc/?x=1")).toBe("abc");
  for (const url of [
    "https://hooks.example/inbox",
    "https://hooks.example/inbox/a/b",
    "https://a.example/",
    "nonsense",
  ]) {
    expect(inboxOfUrl(url)).toBeNull();
  }
});
