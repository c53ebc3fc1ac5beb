import { expect, test } from "bun:test";
import fc from "fast-check";
import { fromHeadersColumn, receivedHeadersColumn } from "../../../src/store/sql/received-headers-column.ts";

const GITHUB = {
  host: "hooks.example.com",
  accept: "*/*",
  "content-type": "application/json",
  "x-github-event": "push",
  "x-github-delivery": "72d3162e-cc78-11e3-81ab-4c9367dc0958",
  "x-custom": "a: b",
};

const stored = (headers: Record<string, string>, contentType: string | null) =>
  fromHeadersColumn(receivedHeadersColumn(headers, contentType), contentType);

test("the headers of a received message are stored with one character per known name", () => {
  const text = receivedHeadersColumn(GITHUB, "application/json");
  const codes = [0, 1, 3, 54, 55].map((index) => String.fromCharCode(0x80 + index));
  expect(text).toBe(
    `${codes[0]}hooks.example.com\n${codes[1]}*/*\n${codes[2]}\n${codes[3]}push\n${codes[4]}72d3162e-cc78-11e3-81ab-4c9367dc0958\nx-custom:a: b\n`,
  );
  expect(fromHeadersColumn(text, "application/json")).toEqual(GITHUB);
});

test("headers that are stored in lines or as JSON are read back unchanged and in the same order", () => {
  const cases: ReadonlyArray<readonly [headers: Record<string, string>, contentType: string | null]> = [
    [{}, null],
    [{ "content-type": "" }, ""],
    [{ "content-type": "" }, null],
    [{ "content-type": "" }, "text/plain"],
    [{ "content-type": "text/plain" }, "application/json"],
    [{ host: "" }, null],
    [{ "x-latin": "é\u00ff", host: "ü" }, null],
    [{ "x-a": "two\nlines" }, null],
    [{ "x-a": "\0" }, null],
    [{ "a:b": "c" }, null],
    [{ "": "a" }, null],
    [{ "\u0080": "a" }, null],
    [{ Host: "a", host: "b" }, null],
    [{ constructor: "a", "{": "b" }, null],
    [Object.fromEntries([["__proto__", "a"]]), null],
  ];
  for (const [headers, contentType] of cases) {
    expect(Object.entries(stored(headers, contentType)!)).toEqual(Object.entries(headers));
  }
});

test("any headers are read back unchanged", () => {
  const name = fc.oneof(fc.constantFrom("host", "content-type", "webhook-id", "x-zm-signature"), fc.string());
  const value = fc.oneof(fc.constant("application/json"), fc.string({ unit: "binary" }));
  fc.assert(
    fc.property(fc.dictionary(name, value), fc.option(value), (headers, contentType) => {
      expect(Object.entries(stored(headers, contentType)!)).toEqual(Object.entries(headers));
    }),
  );
});

test("headers that earlier versions stored as JSON are read", () => {
  expect(fromHeadersColumn(JSON.stringify(GITHUB), "application/json")).toEqual(GITHUB);
  expect(fromHeadersColumn(null, null)).toBeNull();
});

test("the names that stored headers refer to keep their positions", () => {
  const headerAt = (index: number) => Object.keys(fromHeadersColumn(`${String.fromCharCode(0x80 + index)}v\n`, null)!);
  const names = Array.from({ length: 110 }, (_, index) => headerAt(index)[0]);
  expect(new Set(names).size).toBe(110);
  expect(Bun.hash(names.join("\n")).toString(16)).toBe("9fba08269c01b9a4");
});
