import { expect, test } from "bun:test";
import {
  censoredToken,
  rootTokenText,
  tokenBytes,
  tokenHash,
  tokenHint,
  tokenLimits,
  tokenText,
} from "../../src/core/token.ts";

test("a token consists of its prefix and all of its random bytes", () => {
  const random = Uint8Array.from({ length: tokenBytes }, (_, i) => 255 - i);
  const text = tokenText(random);
  expect(text).toMatch(/^bhk_[A-Za-z0-9_-]{43}$/);
  expect(new Uint8Array(Buffer.from(text.slice(4), "base64url"))).toEqual(random);
});

test("a root token can be distinguished from other tokens by its prefix", () => {
  expect(rootTokenText(new Uint8Array(tokenBytes))).toMatch(/^bhroot_A{43}$/);
});

test("a token is identified by its SHA-256", () => {
  const hash = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
  expect(tokenHash("hello").toString("hex")).toBe(hash);
});

test("a displayed token shows only its last characters", () => {
  expect(censoredToken(tokenHint("bhk_abcdefghijklmnopqrstuvwxyz"))).toBe("bhk_***wxyz");
  expect(censoredToken("")).toBe("bhk_***");
});

test("the limits of a token are its capabilities and its scopes, or null if it has neither", () => {
  const limits = (capabilities: string[] | null, scopes: string[] | null) => tokenLimits({ capabilities, scopes });
  expect(limits(null, null)).toBeNull();
  expect(limits(["ViewBase"], null)).toEqual(["ViewBase"]);
  expect(limits(null, ["message:Read"])).toEqual(["message:Read"]);
  expect(limits(["ViewBase"], ["message:Read"])).toEqual(["ViewBase", "message:Read"]);
});
