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

  test("of a search that was cut short says where to go on, also when it is empty", () => {
    const [forwards, backwards] = [false, true].map((back) => ({ id: "m", backwards: back }));
    expect(listOut([], idOf, true, forwards)).toEqual({ data: [], iterator: "m", done: false });
    expect(listOut([], idOf, true, backwards)).toEqual({ data: [], iterator: null, prevIterator: "-m", done: false });
    const items = [{ id: "z" }, { id: "x" }];
    expect(listOut(items, idOf, true, forwards)).toMatchObject({ iterator: "m", prevIterator: "-z" });
    expect(listOut(items, idOf, true, backwards)).toMatchObject({ iterator: "x", prevIterator: "-m" });
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
