import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { KeyBox } from "../../../src/store/sql/secret-box.ts";

const box = new KeyBox("01".repeat(32));
const otherBox = new KeyBox("02".repeat(32));

describe("secret box", () => {
  test("the secret box opens texts that it has sealed", () => {
    fc.assert(fc.property(fc.string({ unit: "grapheme" }), (text) => expect(box.open(box.seal(text))).toBe(text)));
  });

  test("the secret box seals the same text differently each time", () => {
    expect(box.seal("text")).not.toEqual(box.seal("text"));
  });

  test("the secret box opens no text that was sealed with another key or changed afterwards", () => {
    const sealed = box.seal("a secret");
    expect(() => otherBox.open(sealed)).toThrow();
    for (let i = 0; i < sealed.length; i++) {
      const changed = Uint8Array.from(sealed);
      changed[i] = changed[i]! ^ 1;
      expect(() => box.open(changed)).toThrow();
    }
  });

  test("different keys have different fingerprints, and a fingerprint does not contain its key", () => {
    expect(box.fingerprint).toBe(new KeyBox("01".repeat(32)).fingerprint);
    expect(box.fingerprint).not.toBe(otherBox.fingerprint);
    expect(box.fingerprint).toMatch(/^[0-9a-f]{32}$/);
    expect(box.fingerprint).not.toContain("01010101");
  });
});
