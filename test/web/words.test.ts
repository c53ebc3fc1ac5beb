import { expect, test } from "bun:test";
import { counted, listed } from "../../web/kit/words.ts";

test("a count has the singular for one and the plural for any other number", () => {
  expect(counted(1, "endpoint")).toBe("1 endpoint");
  expect(counted(0, "endpoint")).toBe("0 endpoints");
  expect(counted(2, "delivery", "deliveries")).toBe("2 deliveries");
});

test("a list of many names has the first five and the number of the others", () => {
  const names = [..."abcdefgh"];
  expect(listed([])).toBe("");
  expect(listed(["a"])).toBe("a");
  expect(listed(names.slice(0, 6))).toBe("a, b, c, d, e, f");
  expect(listed(names.slice(0, 7))).toBe("a, b, c, d, e and 2 more");
});
