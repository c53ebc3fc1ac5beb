import { describe, expect, test } from "bun:test";
import { compareRows } from "../../../web/kit/held-rows.ts";

interface Row {
  readonly id: string;
  readonly state: string;
}

const rows = (ids: string, state = "old"): Row[] => [...ids].map((id) => ({ id, state }));
const compare = (shown: string, latest: string) => {
  const { rows: held, fresh, gone } = compareRows(rows(shown), rows(latest, "new"), ({ id }) => id);
  return { held: held.map(({ id, state }) => (state === "new" ? id.toUpperCase() : id)).join(""), fresh, gone };
};

describe("the rows of a list that are held while newer ones arrive", () => {
  // Rows in upper case have their latest state.
  const cases: readonly [string, string, string, number, number, string][] = [
    ["cba", "cba", "CBA", 0, 0, "nothing changed"],
    ["cba", "edcba", "CBA", 2, 0, "two rows are new"],
    ["cba", "edc", "Cba", 2, 0, "two rows are new and the page ends earlier"],
    ["cba", "cb", "CBa", 0, 0, "the last row was removed or is on the next page"],
    ["cba", "ca", "CbA", 0, 1, "a row in the middle no longer matches"],
    ["cba", "caz", "CbA", 0, 1, "a row no longer matches and the page ends later"],
    ["ca", "cba", "CA", 1, 0, "a row in the middle matches now"],
    ["cba", "", "cba", 0, 3, "no row matches any more"],
    ["cba", "zyx", "cba", 3, 0, "all rows were replaced"],
    ["", "ba", "", 2, 0, "the list was empty"],
    ["", "", "", 0, 0, "the list is empty"],
  ];
  for (const [shown, latest, held, fresh, gone, when] of cases) {
    test(`keep their places and get their latest state when ${when}`, () => {
      expect(compare(shown, latest)).toEqual({ held, fresh, gone });
    });
  }
});
