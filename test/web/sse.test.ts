import { expect, test } from "bun:test";
import fc from "fast-check";
import { SseParser } from "../../web/kit/sse.ts";

const STREAM = ': hello\n\nevent: overview\ndata: {"a":1}\n\ndata:one\r\ndata: two\r\n\r\n: alive\r\rid: 7\ndata\n\n';
const EVENTS = [
  { event: "overview", data: '{"a":1}' },
  { event: "message", data: "one\ntwo" },
  { event: "message", data: "" },
];

test("events, comments and all kinds of line endings are parsed", () => {
  expect(new SseParser().push(STREAM)).toEqual(EVENTS);
});

test("a stream can be split into pieces anywhere", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(STREAM.length)), (cuts) => {
      const parser = new SseParser();
      const borders = [0, ...cuts.sort((a, b) => a - b), STREAM.length];
      const pieces = borders.slice(1).map((end, at) => STREAM.slice(borders[at], end));
      expect(pieces.flatMap((piece) => parser.push(piece))).toEqual(EVENTS);
    }),
  );
});

test("an event is returned only after the empty line that ends it", () => {
  const parser = new SseParser();
  expect(parser.push("event: overview\ndata: 1\n")).toEqual([]);
  expect(parser.push("\n")).toEqual([{ event: "overview", data: "1" }]);
});
