import { describe, expect, test } from "bun:test";
import type { Provider } from "../../../src/api/types.ts";
import { changedConfig, controlOf, searchProviders, valuesOf } from "../../../web/admin/sources/config.ts";

const field = (name: string, secret = false) => ({ name, secret, required: false, label: name });
const fields = [
  field("secret", true),
  field("secrets", true),
  field("header"),
  field("jwks"),
  field("toleranceSeconds"),
];

describe("the configuration of a source in a form", () => {
  test("stored secrets are not shown, and other values are texts", () => {
    const stored = { secret: "[set]", secrets: ["[set]"], header: "X-A", toleranceSeconds: 60, other: "x" };
    expect(valuesOf(fields, stored)).toEqual({ header: "X-A", toleranceSeconds: "60" });
  });

  test("only changed fields are sent, in the form that the API expects", () => {
    const before = { header: "X-A", toleranceSeconds: "60" };
    expect(changedConfig(fields, before, before)).toEqual({});
    const values = { ...before, secret: " s ", secrets: "one\n\n two ", jwks: '{"keys":[]}', toleranceSeconds: "0" };
    expect(changedConfig(fields, before, values)).toEqual({
      ...{ secret: " s ", secrets: ["one", "two"], jwks: { keys: [] }, toleranceSeconds: 0 },
    });
    expect(changedConfig(fields, before, { header: "" })).toEqual({ header: null, toleranceSeconds: null });
  });

  test("a text that cannot be parsed is sent as it is, so that the API explains it", () => {
    expect(changedConfig(fields, {}, { jwks: "{", toleranceSeconds: "ten" })).toEqual({
      jwks: "{",
      toleranceSeconds: "ten",
    });
  });
});

test("a private key has a control with several lines, and a name of a key one with a single line", () => {
  expect(controlOf(field("key", true)).kind).toBe("block");
  expect(controlOf(field("key")).kind).toBe("text");
});

test("the search finds providers by any words of name, id and aliases, and names that begin with the text come first", () => {
  const provider = (id: string, name: string, aliases: string[] = []) => ({ id, name, aliases }) as unknown as Provider;
  const all = [provider("a-meta", "Big Meta"), provider("meta", "Meta", ["whatsapp"]), provider("git-lab", "GitLab")];
  const idsOf = (text: string) => searchProviders(all, text).map(({ id }) => id);
  expect(idsOf("meta")).toEqual(["meta", "a-meta"]);
  expect(idsOf("  LAB git ")).toEqual(["git-lab"]);
  expect(idsOf("whats")).toEqual(["meta"]);
  expect([idsOf("nothing"), idsOf("").length]).toEqual([[], 3]);
});
