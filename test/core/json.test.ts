import { describe, expect, spyOn, test } from "bun:test";
import fc from "fast-check";
import {
  arrayItems,
  type ByteRange,
  exceedsDepth,
  isValidUtf8,
  jsonDepthMax,
  skipString,
  topLevelFields,
} from "../../src/core/json.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const textOf = (data: Uint8Array, [start, end]: ByteRange) =>
  new TextDecoder("utf-8", { ignoreBOM: true }).decode(data.subarray(start, end));

/** Returns JSON text with white space from `spaces`, in turn, wherever JSON allows white space. */
function stringify(value: fc.JsonValue, spaces: readonly string[]): string {
  let at = 0;
  const space = () => spaces[at++ % spaces.length] ?? "";
  const write = (part: fc.JsonValue): string => {
    if (Array.isArray(part)) return `[${space()}${part.map(write).join(`,${space()}`)}${space()}]`;
    if (part === null || typeof part !== "object") return JSON.stringify(part);
    const fields = Object.entries(part).map(
      ([key, inner]) => `${JSON.stringify(key)}${space()}:${space()}${write(inner!)}`,
    );
    return `{${space()}${fields.join(`${space()},${space()}`)}${space()}}`;
  };
  return space() + write(value) + space();
}

const anySpaces = fc.array(fc.string({ unit: fc.constantFrom(" ", "\n", "\r", "\t"), maxLength: 3 }), { minLength: 1 });
const anyValue = fc.jsonValue({ stringUnit: "binary", maxDepth: 5 });
const anyObject = fc.dictionary(fc.string({ unit: "binary" }), anyValue, { noNullPrototype: true });

/** Values by ASCII names, which may contain characters that JSON escapes. */
const anyNamed = fc.dictionary(fc.string({ unit: "binary-ascii" }), anyValue, { noNullPrototype: true });

describe("topLevelFields", () => {
  test("the fields of an object are returned as their original bytes", () => {
    const text = ' { "a" : 1.0 , "b":"x\\"}y", "c": {"d": [ 12345678901234567890 ]} ,"e":[] } ';
    const data = bytes(text);
    const { fields, end } = topLevelFields(data, ["a", "b", "c", "e"])!;
    const found = Object.fromEntries([...fields].map(([key, range]) => [key, textOf(data, range)]));
    expect(found).toEqual({ a: "1.0", b: '"x\\"}y"', c: '{"d": [ 12345678901234567890 ]}', e: "[]" });
    expect(end).toBe(text.length - 1);
  });

  test("the fields of an object parse to the same values as in the whole object, whatever the white space and the other keys", () => {
    fc.assert(
      fc.property(anyObject, anyNamed, anySpaces, (others, named, spaces) => {
        const text = stringify({ ...others, ...named }, spaces);
        const data = bytes(text);
        const { fields, end } = topLevelFields(data, Object.keys(named))!;
        const whole = JSON.parse(text) as Record<string, unknown>;
        expect(new Set(fields.keys())).toEqual(new Set(Object.keys(named)));
        for (const [key, range] of fields) {
          const slice = textOf(data, range);
          expect(slice).toBe(slice.trim());
          expect(JSON.parse(slice)).toEqual(whole[key]);
        }
        expect(textOf(data, [end, data.length]).trim()).toBe("");
      }),
      { numRuns: 500 },
    );
  });

  test("the fields of an inner object are found from its offset in the outer text", () => {
    const data = bytes('{"a":[{"b":1}, {"b":2}]}');
    const items = arrayItems(data, topLevelFields(data, ["a"])!.fields.get("a")!)!;
    expect(items.map(([start]) => textOf(data, topLevelFields(data, ["b"], start)!.fields.get("b")!))).toEqual([
      "1",
      "2",
    ]);
  });

  test("the last value of a duplicate key counts, even if the key is spelled with escapes", () => {
    const data = bytes('{"payload":1,"p\\u0061yload":2,"\\u0070ayload":3}');
    const { fields } = topLevelFields(data, ["payload"])!;
    expect([...fields.keys()]).toEqual(["payload"]);
    expect(textOf(data, fields.get("payload")!)).toBe("3");
  });

  test("the fields of an object may be called __proto__ or constructor", () => {
    const { fields } = topLevelFields(bytes('{"__proto__":1,"constructor":2}'), ["constructor", "__proto__"])!;
    expect([...fields.keys()]).toEqual(["__proto__", "constructor"]);
  });

  test("keys that are not asked for are not decoded, however many there are", () => {
    const unknown = Array.from({ length: 10_000 }, (_, i) => `"x${i}":1,"\\u0079${i}":2,"é${i}":3`);
    const data = bytes(`{${unknown.join(",")},"payload":4}`);
    using fromCharCode = spyOn(String, "fromCharCode");
    using parse = spyOn(JSON, "parse");
    using decode = spyOn(TextDecoder.prototype, "decode");
    const { fields } = topLevelFields(data, ["payload", "data"])!;
    const calls = [fromCharCode, parse, decode].map((spy) => spy.mock.calls.length);
    expect([calls, [...fields.keys()]]).toEqual([[0, 0, 0], ["payload"]]);
  });

  test("an empty object has no fields", () => {
    expect(topLevelFields(bytes(" {} "), ["a"])).toEqual({ fields: new Map(), end: 3 });
  });

  const noObjects = [
    "",
    " ",
    "[]",
    "1",
    '"{}"',
    "null",
    "{",
    '{"a',
    '{"a"',
    '{"a":',
    '{"a":1',
    '{"a":1,',
    '{"a":1,}',
    "{a:1}",
    '{"a" 1}',
    '{"a":}',
    '{"a":"x}',
    '{"a":[1}',
    '{"a\\":1}',
    '{"\\x":1}',
    '{"a":1 2}',
  ];
  for (const text of noObjects) {
    test(`${JSON.stringify(text)} is not an object, so it has no fields`, () =>
      expect(topLevelFields(bytes(text), ["a", "b"])).toBeNull());
  }
});

describe("arrayItems", () => {
  test("an array with more items than wanted has no result", () => {
    const data = bytes("[1,[2],3]");
    expect(arrayItems(data, [0, data.length], 3)).toHaveLength(3);
    expect(arrayItems(data, [0, data.length], 2)).toBeNull();
  });

  test("the items of an array parse to the same values as in the whole array, whatever the white space", () => {
    fc.assert(
      fc.property(fc.array(anyValue), anySpaces, (array, spaces) => {
        const text = stringify(array, spaces);
        const data = bytes(text);
        const items = arrayItems(data, [0, data.length])!;
        expect(items.map((range) => JSON.parse(textOf(data, range)))).toEqual(JSON.parse(text));
      }),
    );
  });

  for (const text of ["", "{}", "[", "[1", "[1,", "[1,]", "[,]", "[1 2]", '["a]', "[[1]", "1"]) {
    test(`${JSON.stringify(text)} is not an array, so it has no items`, () =>
      expect(arrayItems(bytes(text), [0, text.length])).toBeNull());
  }

  test("an array that extends beyond the given range has no items", () => {
    expect(arrayItems(bytes("[1,2]"), [0, 3])).toBeNull();
  });
});

describe("exceedsDepth", () => {
  const nested = (depth: number, open = "[", close = "]") => bytes(open.repeat(depth) + close.repeat(depth));

  test("JSON may be nested as deeply as the limit, but no deeper", () => {
    expect(exceedsDepth(nested(jsonDepthMax))).toBe(false);
    expect(exceedsDepth(nested(jsonDepthMax + 1))).toBe(true);
    expect(exceedsDepth(nested(3, '{"a":', "}"), 3)).toBe(false);
    expect(exceedsDepth(nested(4, '{"a":', "}"), 3)).toBe(true);
  });

  test("the depth is measured even in text that never closes its brackets", () => {
    expect(exceedsDepth(bytes("[".repeat(200)))).toBe(true);
  });

  test("brackets in strings and siblings do not count toward the depth", () => {
    expect(exceedsDepth(bytes(`["${"[".repeat(200)}\\"${"{".repeat(200)}"]`), 1)).toBe(false);
    expect(exceedsDepth(bytes(`[${"[],".repeat(500)}[]]`), 2)).toBe(false);
  });

  test("the measured depth equals the depth of the value", () => {
    const depthOf = (value: fc.JsonValue): number =>
      value === null || typeof value !== "object"
        ? 0
        : 1 + Math.max(0, ...Object.values(value).map((inner) => depthOf(inner!)));
    fc.assert(
      fc.property(anyValue, anySpaces, (value, spaces) => {
        const data = bytes(stringify(value, spaces));
        const depth = depthOf(value);
        expect(exceedsDepth(data, depth)).toBe(false);
        if (depth > 0) expect(exceedsDepth(data, depth - 1)).toBe(true);
      }),
    );
  });
});

describe("UTF-8", () => {
  const table: [what: string, data: number[], valid: boolean][] = [
    ["ASCII", [0x7b, 0x7d], true],
    ["an empty text", [], true],
    ["an emoji", [0xf0, 0x9f, 0x9a, 0xa2], true],
    ["an incomplete character", [0xf0, 0x9f, 0x9a], false],
    ["a lone continuation byte", [0x80], false],
    ["an overlong encoding of a slash", [0xc0, 0xaf], false],
    ["a surrogate", [0xed, 0xa0, 0x80], false],
    ["the byte 0xFF", [0xff], false],
  ];
  for (const [what, data, valid] of table) {
    test(`${what} is ${valid ? "well-formed" : "malformed"} UTF-8`, () => {
      expect(isValidUtf8(new Uint8Array(data))).toBe(valid);
    });
  }
});

test("scanning arbitrary bytes never throws, and every returned range lies within the bytes", () => {
  const garbage = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc
      .string({ unit: fc.constantFrom("{", "}", "[", "]", '"', "\\", ",", ":", " ", "1", "a"), maxLength: 60 })
      .map(bytes),
  );
  fc.assert(
    fc.property(garbage, (data) => {
      exceedsDepth(data);
      const ranges = [
        ...(topLevelFields(data, ["a", "1"])?.fields.values() ?? []),
        ...(arrayItems(data, [0, data.length]) ?? []),
      ];
      for (const [start, end] of ranges) {
        expect(start).toBeGreaterThanOrEqual(0);
        expect(end).toBeGreaterThan(start);
        expect(end).toBeLessThanOrEqual(data.length);
      }
    }),
    { numRuns: 2000 },
  );
});

describe("skipString", () => {
  test("a string ends at its first quote that no backslash escapes, wherever it opens", () => {
    const escapes = fc.string({ unit: fc.constantFrom('"', "\\", "é"), maxLength: 8 });
    // Long strings are read in another way than short ones, also after an escaped quote.
    const part = fc.tuple(escapes, fc.nat(80)).map(([first, count]) => first + "a".repeat(count));
    const text = fc.tuple(fc.array(part, { maxLength: 6 }), escapes).map(([parts, last]) => parts.join("") + last);
    fc.assert(
      fc.property(text, text, (before, string) => {
        const open = bytes(before).length;
        const closed = /^"(?:[^"\\]|\\.)*"/.exec(`"${string}`);
        const end = closed === null ? -1 : open + bytes(closed[0]).length;
        expect(skipString(bytes(`${before}"${string}`), open)).toBe(end);
      }),
      { numRuns: 2000 },
    );
  });

  test("a long string with very many escaped quotes takes only a few searches", () => {
    const string = bytes(JSON.stringify('"'.repeat(50_000)));
    let searches = 0;
    const indexOf = string.indexOf.bind(string);
    string.indexOf = (...wanted) => {
      searches++;
      return indexOf(...wanted);
    };
    expect(skipString(string, 0)).toBe(string.length);
    expect(searches).toBeLessThan(20);
  });
});
