import { expect, test } from "bun:test";
import { generateKeyPairSync } from "node:crypto";
import { PageKeys, sealPage } from "../../src/core/sealed-page.ts";

const PAGE = new TextEncoder().encode("a page with secrets");

test("a sealed page can be opened only with the keys of its destination", () => {
  const [own, other] = [new PageKeys(), new PageKeys()];
  const sealed = sealPage(own.publicKey, PAGE)!;
  expect(new TextDecoder().decode(own.open(sealed)!)).toBe("a page with secrets");
  expect(other.open(sealed)).toBeNull();
  expect(Buffer.from(sealed).includes("secrets")).toBe(false);
});

test("a sealed page that was changed or cut anywhere is not opened", () => {
  const keys = new PageKeys();
  const sealed = sealPage(keys.publicKey, PAGE)!;
  for (let at = 0; at < sealed.length; at++) {
    const changed = Uint8Array.from(sealed);
    changed[at]! ^= 0x40;
    expect(keys.open(changed)).toBeNull();
    expect(keys.open(sealed.subarray(0, at))).toBeNull();
  }
});

test("a page is not sealed for anything but an X25519 public key", () => {
  expect(sealPage("", PAGE)).toBeNull();
  expect(sealPage(Buffer.alloc(44).toString("base64"), PAGE)).toBeNull();
  const { publicKey } = generateKeyPairSync("ed25519");
  expect(sealPage(publicKey.export({ type: "spki", format: "der" }).toString("base64"), PAGE)).toBeNull();
});

test("a page is not sealed for a key with which everyone knows the shared secret", () => {
  const head = Buffer.from(new PageKeys().publicKey, "base64").subarray(0, 12);
  for (const first of [0, 1]) {
    const point = Buffer.alloc(32);
    point[0] = first;
    expect(sealPage(Buffer.concat([head, point]).toString("base64"), PAGE)).toBeNull();
  }
});
