import { expect, test } from "bun:test";
import { isKeyPath, keyReader } from "../../src/core/payload-path.ts";

const PAYLOAD = Buffer.from(
  '{"id": 12345678901234567890, "one": 1.0, "text": "Ä", "yes": true, "none": null, "a.b": {"c d": ["x", {"y": "z"}]}}',
);

test.each([
  ["$.id", "12345678901234567890"],
  ["$.one", "1.0"],
  ["$.text", "Ä"],
  ["$.yes", "true"],
  ['$["a.b"]["c d"][0]', "x"],
  ['$["a.b"]["c d"][1].y', "z"],
  ["$.none", null],
  ["$.missing", null],
  ["$.text.length", null],
  ["$.id.rawJSON", null],
  ['$["a.b"]', null],
  ['$["a.b"]["c d"].length', null],
  ['$["a.b"]["c d"][2]', null],
  ["$.constructor", null],
  ["$.__proto__", null],
])("the path %s finds %j in a payload", (path, expected) => {
  expect(isKeyPath(path)).toBe(true);
  expect(keyReader(path)(PAYLOAD)).toBe(expected);
});

test.each(["", "id", "$", "$id", "$.", "$..a", "$.a.", "$[a]", "$[-1]", '$[""]', "$.a b", "$.a[", '$["a"b'])(
  "the text %j is not a path",
  (text) => {
    expect(isKeyPath(text)).toBe(false);
  },
);

test.each([["not JSON"], [""], ["[1"], ["3"], ['"text"'], ["null"]])(
  "a path finds nothing in the payload %j",
  (payload) => {
    expect(keyReader("$.a")(Buffer.from(payload))).toBeNull();
  },
);

test("a path finds nothing in a payload that is not UTF-8", () => {
  expect(keyReader("$.a")(Buffer.from('{"a": "\xff"}', "latin1"))).toBeNull();
});
