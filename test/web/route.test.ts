import { expect, test } from "bun:test";
import fc from "fast-check";
import {
  inboxLink,
  inboxOfUrl,
  messageLink,
  parseRoute,
  receivedLink,
  refusedLink,
  sourceLink,
} from "../../web/admin/route.ts";

test("an empty hash leads to the overview", () => {
  for (const hash of ["", "#", "#/", "#//"]) expect(parseRoute(hash)).toEqual({ page: "overview" });
});

test("every link leads to its page, whatever characters the ids contain", () => {
  const id = fc.string({ minLength: 1, unit: "grapheme" });
  fc.assert(
    fc.property(id, id, (app, other) => {
      expect(parseRoute(messageLink(app, other))).toEqual({ page: "message", app, message: other });
      expect(parseRoute(inboxLink(app, other))).toEqual({ page: "inbox", app, inbox: other });
    }),
  );
});

test("every link to a source leads to its page, whatever characters the ids contain", () => {
  const id = fc.string({ minLength: 1, unit: "grapheme" }).filter((text) => text !== "new");
  fc.assert(
    fc.property(id, id, (source, other) => {
      expect(parseRoute(sourceLink(source))).toEqual({ page: "source", source });
      expect(parseRoute(receivedLink(source, other))).toEqual({ page: "received", source, message: other });
      expect(parseRoute(refusedLink(source, other))).toEqual({ page: "refused", source, entry: other });
    }),
  );
  for (const hash of ["#/source", "#/source/"]) expect(parseRoute(hash)).toEqual({ page: "sources" });
  expect(parseRoute("#/source/new")).toEqual({ page: "new-source" });
});

test("any other hash leads to the page for unknown addresses", () => {
  for (const hash of [
    "#/app",
    "#/app/a/msg",
    "#/app/a/msg/",
    "#/app/a/what/b",
    "#/app/a/msg/b/c",
    "#/%E0%A4%A",
    "#/source/a/b",
    "#/source/a/msg/b/c",
  ]) {
    expect(parseRoute(hash)).toEqual({ page: "unknown" });
  }
  fc.assert(fc.property(fc.string(), (hash) => void parseRoute(hash)));
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
