import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { memberText, prettyJson, rangeAt } from "../../web/kit/json.ts";

const pretty = (text: string) =>
  prettyJson(text)
    ?.map((token) => token.text)
    .join("") ?? null;

describe("pretty-printing JSON", () => {
  test("pretty-printing keeps every digit of a number", () => {
    expect(pretty('{"a":1.0,"b":12345678901234567890,"c":-2E+10}')).toBe(
      '{\n  "a": 1.0,\n  "b": 12345678901234567890,\n  "c": -2E+10\n}',
    );
  });

  test("pretty-printing keeps empty objects and arrays on one line", () => {
    expect(pretty('{"a":{ },"b":[\n]}')).toBe('{\n  "a": {},\n  "b": []\n}');
  });

  test("pretty-printing text that is not JSON returns null", () => {
    for (const text of ["", "Gone", "{", '{"a":1}}', "<b>1</b>"]) expect(prettyJson(text)).toBeNull();
  });

  test("pretty-printing does not change punctuation inside strings", () => {
    expect(prettyJson('{"a,{":"}\\"]:"}')?.filter((token) => token.kind !== "space" && token.kind !== "mark")).toEqual([
      { kind: "key", text: '"a,{"' },
      { kind: "string", text: '"}\\"]:"' },
    ]);
  });

  test("pretty-printing any value gives the same text as JSON.stringify", () => {
    fc.assert(
      fc.property(fc.json(), fc.constantFrom(undefined, 1, "\t"), (json, space) => {
        const value = JSON.parse(json);
        expect(pretty(JSON.stringify(value, null, space))).toBe(JSON.stringify(value, null, 2));
      }),
    );
  });
});

describe("the text of a member", () => {
  test("the text of a member keeps its white space and numbers", () => {
    expect(memberText('{"id":"m","payload": { "n": 1.0 } ,"x":2}', "payload")).toBe('{ "n": 1.0 }');
  });

  test("the text of a member is taken only from the top level, not from nested objects or strings", () => {
    const text = '{"a":{"payload":1},"b":"payload","c":"\\"payload\\":2","payload":3}';
    expect(memberText(text, "payload")).toBe("3");
  });

  test("the text of a missing member is null", () => {
    expect(memberText('{"a":[{"payload":1}]}', "payload")).toBeNull();
    expect(memberText("{}", "payload")).toBeNull();
  });

  test("the text of a member is found in any object", () => {
    const members = fc.array(fc.tuple(fc.string(), fc.json()), { maxLength: 5 });
    fc.assert(
      fc.property(members, fc.json(), members, (before, wanted, after) => {
        const others = (list: [string, string][]) => list.filter(([name]) => name !== "payload");
        const all = [...others(before), ["payload", wanted] as const, ...others(after)];
        const text = `{${all.map(([name, json]) => `${JSON.stringify(name)}:${json}`).join(",")}}`;
        expect(memberText(text, "payload")).toBe(wanted.trim());
      }),
    );
  });
});

describe("the range of a value in JSON", () => {
  const text = '{ "a": [1, {"b,}": "x]" }], "c": 12345678901234567890 }';
  const at = (...path: string[]) => {
    const range = rangeAt(text, path);
    return range === null ? null : text.slice(...range);
  };

  test("a path of names and indexes leads to the text of the value", () => {
    expect(at()).toBe(text);
    expect(at("a")).toBe('[1, {"b,}": "x]" }]');
    expect(at("a", "1", "b,}")).toBe('"x]"');
    expect(at("c")).toBe("12345678901234567890");
  });

  test("a path that leads nowhere ends at its last value that exists", () => {
    expect(at("a", "1", "missing", "deeper")).toBe('{"b,}": "x]" }');
    expect(at("missing")).toBe(text);
  });

  test("a text that is not JSON has no ranges", () => {
    expect(rangeAt("{", [])).toBeNull();
    expect(rangeAt("", ["a"])).toBeNull();
  });

  test("the range of every value contains exactly that value", () => {
    fc.assert(
      fc.property(fc.json(), (json) => {
        const visit = (value: unknown, path: readonly string[]): void => {
          const [from, to] = rangeAt(json, path)!;
          expect(JSON.parse(json.slice(from, to))).toEqual(value);
          if (typeof value !== "object" || value === null) return;
          for (const [name, member] of Object.entries(value)) visit(member, [...path, name]);
        };
        visit(JSON.parse(json), []);
      }),
    );
  });
});
