import { expect, test } from "bun:test";
import fc from "fast-check";
import { readEventType, readKey, userExpression } from "../../src/receive/expression.ts";
import { RequestView } from "../../src/receive/request-view.ts";

function viewOf(body: string | Uint8Array): RequestView {
  return new RequestView({
    method: "POST",
    url: "https://example.com/in/1",
    suffix: "",
    query: "",
    headers: {},
    body: typeof body === "string" ? Buffer.from(body) : body,
  });
}

const BODIES: readonly (readonly [body: string | Uint8Array, name: string, mayHave: boolean])[] = [
  ['{"ref":"main"}', "action", false],
  ['{"action":"opened"}', "action", true],
  ['{"other":{"action":1}}', "action", true],
  ['{"actions":1}', "action", false],
  ['{"\\u0061ction":"opened"}', "action", true],
  ['{"a\\"b":1}', 'a"b', true],
  ['{"ä":1}', "ä", true],
  [Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), "\ufffd", true],
  ["", "action", false],
  // A view of a part of a buffer.
  [Buffer.from('"action"{}').subarray(8), "action", false],
];

test("a body without the name of a member is recognised without parsing, and every other body may have the member", () => {
  for (const [body, name, mayHave] of BODIES) {
    expect([name, viewOf(body).mayHaveMember(name)]).toEqual([name, mayHave]);
  }
});

test("paths read the same values from any JSON as after it was parsed", () => {
  const names = fc.constantFrom("a", "b", "ä", "it's", 'q"', "\\", "constructor", "");
  const value = fc.letrec((tie) => ({
    json: fc.oneof(
      { maxDepth: 3 },
      fc.constantFrom("x", "a", 7, null, true),
      fc.array(tie("json"), { maxLength: 3 }),
      fc.dictionary(names, tie("json"), { maxKeys: 3 }),
    ),
  })).json;
  const expressions = [
    "$.a",
    "$.a.b",
    "$.b[0].a",
    "$.a[*].b",
    "$.ä",
    "$['it\\'s']",
    "$['q\"']",
    "$['\\\\']",
    "$.b + $.a, $.a",
  ];
  fc.assert(
    fc.property(value, fc.constantFrom(...expressions), fc.boolean(), (json, text, isEscaped) => {
      const written = JSON.stringify(json);
      const body = isEscaped ? written.replaceAll('"a"', '"\\u0061"') : written;
      const expression = userExpression(text);
      const parsed = viewOf(body);
      parsed.json();
      expect(readKey(expression, viewOf(body))).toBe(readKey(expression, parsed));
      expect(readEventType(expression, viewOf(body))).toBe(readEventType(expression, parsed));
    }),
    { numRuns: 2000 },
  );
});
