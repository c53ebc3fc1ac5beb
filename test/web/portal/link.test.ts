import { expect, test } from "bun:test";
import fc from "fast-check";
import { parseLink } from "../../../web/portal/link.ts";

const keyOf = (content: unknown) => btoa(JSON.stringify(content));

test("the token and the application of a link are read", () => {
  const key = keyOf({ appId: "app_x", token: "bhk_-_=+/", region: "self-hosted" });
  for (const hash of [`#key=${key}`, `#key=${encodeURIComponent(key)}`, `#other=1&key=${key}`]) {
    expect(parseLink(hash)).toEqual({ token: "bhk_-_=+/", app: "app_x", next: "#/endpoints" });
  }
});

test("every token is parsed, whatever characters its base64 contains", () => {
  const ascii = fc.string({ unit: "binary-ascii" });
  fc.assert(fc.property(ascii, (token) => expect(parseLink(`#key=${keyOf({ token })}`)?.token).toBe(token)));
});

test("a link can name the first page to show", () => {
  const key = keyOf({ token: "t" });
  expect(parseLink(`#key=${key}&next=/endpoints/new`)?.next).toBe("#/endpoints/new");
  expect(parseLink(`#key=${key}&next=%2Fendpoints%2Fep_1`)?.next).toBe("#/endpoints/ep_1");
});

test("a first page that is not a path of the portal is ignored", () => {
  const key = keyOf({ token: "t" });
  for (const next of ["https://evil.example/", "javascript:alert(1)", "endpoints", "/a b", "/<x>", "/x#key=y", ""]) {
    expect(parseLink(`#key=${key}&next=${encodeURIComponent(next)}`)?.next).toBe("#/endpoints");
  }
});

test("a malformed key is read as a link with an empty token", () => {
  for (const key of ["", "%%%", "bm90IGpzb24=", keyOf(null), keyOf({}), keyOf({ token: 7 }), keyOf([])]) {
    expect(parseLink(`#key=${key}`)?.token).toBe("");
  }
});

test("the URL of a page is not a link", () => {
  for (const hash of ["", "#", "#/endpoints", "#/endpoints/key", "#keys=x"]) expect(parseLink(hash)).toBeNull();
  fc.assert(fc.property(fc.string(), (hash) => void parseLink(hash)));
});
