import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { memberText, prettyJson } from "../../web/json.ts";

const pretty = (text: string) =>
  prettyJson(text)
    ?.map((token) => token.text)
    .join("") ?? null;

describe("payloads are indented without being read", () => {
  test("numbers keep every digit", () => {
    expect(pretty('{"a":1.0,"b":12345678901234567890,"c":-2E+10}')).toBe(
      '{\n  "a": 1.0,\n  "b": 12345678901234567890,\n  "c": -2E+10\n}',
    );
  });

  test("empty objects and lists stay on their line, also with white space in them", () => {
    expect(pretty('{"a":{ },"b":[\n]}')).toBe('{\n  "a": {},\n  "b": []\n}');
  });

  test("what is not JSON is told apart", () => {
    for (const text of ["", "Gone", "{", '{"a":1}}', "<b>1</b>"]) expect(prettyJson(text)).toBeNull();
  });

  test("marks inside strings are no marks", () => {
    expect(prettyJson('{"a,{":"}\\"]:"}')?.filter((token) => token.kind !== "space" && token.kind !== "mark")).toEqual([
      { kind: "key", text: '"a,{"' },
      { kind: "string", text: '"}\\"]:"' },
    ]);
  });

  test("for any value the result is what JSON.stringify would indent", () => {
    fc.assert(
      fc.property(fc.json(), fc.constantFrom(undefined, 1, "\t"), (json, space) => {
        const value = JSON.parse(json);
        expect(pretty(JSON.stringify(value, null, space))).toBe(JSON.stringify(value, null, 2));
      }),
    );
  });
});

describe("one member of an answer is taken out as it stands", () => {
  test("with its white space and its numbers", () => {
    expect(memberText('{"id":"m","payload": { "n": 1.0 } ,"x":2}', "payload")).toBe('{ "n": 1.0 }');
  });

  test("only from the top level, and not from a string that looks like it", () => {
    const text = '{"a":{"payload":1},"b":"payload","c":"\\"payload\\":2","payload":3}';
    expect(memberText(text, "payload")).toBe("3");
  });

  test("null when there is none", () => {
    expect(memberText('{"a":[{"payload":1}]}', "payload")).toBeNull();
    expect(memberText("{}", "payload")).toBeNull();
  });

  test("for any object it is the text of that member", () => {
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
