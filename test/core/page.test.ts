import { describe, expect, test } from "bun:test";
import { listOut, parseIterator } from "../../src/core/page.ts";

const idOf = (item: { id: string }) => item.id;

describe("a page", () => {
  test("points behind its last item and before its first", () => {
    expect(listOut([{ id: "c" }, { id: "b" }, { id: "a" }], idOf, true)).toEqual({
      data: [{ id: "c" }, { id: "b" }, { id: "a" }],
      iterator: "a",
      prevIterator: "-c",
      done: false,
    });
  });

  test("names its last item also when it is the last page", () => {
    expect(listOut([{ id: "a" }], idOf, false)).toEqual({
      data: [{ id: "a" }],
      iterator: "a",
      prevIterator: "-a",
      done: true,
    });
  });

  test("without items has a null iterator and no way back", () => {
    const page = listOut([], idOf, false);
    expect(page).toEqual({ data: [], iterator: null, done: true });
    expect("prevIterator" in page).toBe(false);
  });
});

describe("an iterator", () => {
  test("leads forwards from an id, or with a minus backwards", () => {
    expect(parseIterator("app_1")).toEqual({ id: "app_1", backwards: false });
    expect(parseIterator("-app_1")).toEqual({ id: "app_1", backwards: true });
  });

  test("of a page is understood", () => {
    const { iterator, prevIterator } = listOut([{ id: "x" }, { id: "y" }], idOf, true);
    expect(parseIterator(iterator!)).toEqual({ id: "y", backwards: false });
    expect(parseIterator(prevIterator!)).toEqual({ id: "x", backwards: true });
  });
});
