import { expect, test } from "bun:test";
import fc from "fast-check";
import { parseLink } from "../../../web/portal/link.ts";

const keyOf = (content: unknown) => btoa(JSON.stringify(content));

test("the link carries the token, whoever it says it is for", () => {
  const key = keyOf({ appId: "app_x", token: "bhk_-_=+/", region: "self-hosted" });
  for (const hash of [`#key=${key}`, `#key=${encodeURIComponent(key)}`, `#other=1&key=${key}`]) {
    expect(parseLink(hash)).toEqual({ token: "bhk_-_=+/", next: "#/endpoints" });
  }
});

test("every token comes through, whatever characters base64 makes of it", () => {
  const ascii = fc.string({ unit: "binary-ascii" });
  fc.assert(fc.property(ascii, (token) => expect(parseLink(`#key=${keyOf({ token })}`)?.token).toBe(token)));
});

test("a page to begin with can be named", () => {
  const key = keyOf({ token: "t" });
  expect(parseLink(`#key=${key}&next=/endpoints/new`)?.next).toBe("#/endpoints/new");
  expect(parseLink(`#key=${key}&next=%2Fendpoints%2Fep_1`)?.next).toBe("#/endpoints/ep_1");
});

test("what is no path of this page does not lead anywhere else", () => {
  const key = keyOf({ token: "t" });
  for (const next of ["https://evil.example/", "javascript:alert(1)", "endpoints", "/a b", "/<x>", "/x#key=y", ""]) {
    expect(parseLink(`#key=${key}&next=${encodeURIComponent(next)}`)?.next).toBe("#/endpoints");
  }
});

test("a broken key is a link all the same, with a token that nobody accepts", () => {
  for (const key of ["", "%%%", "bm90IGpzb24=", keyOf(null), keyOf({}), keyOf({ token: 7 }), keyOf([])]) {
    expect(parseLink(`#key=${key}`)?.token).toBe("");
  }
});

test("the address of a page is no link, and none breaks it", () => {
  for (const hash of ["", "#", "#/endpoints", "#/endpoints/key", "#keys=x"]) expect(parseLink(hash)).toBeNull();
  fc.assert(fc.property(fc.string(), (hash) => void parseLink(hash)));
});
