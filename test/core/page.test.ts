import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { iteratorOfName, listOut, parseIterator, parseNameIterator } from "../../src/core/page.ts";

const idOf = (item: { id: string }) => item.id;

describe("page", () => {
  test("a page has one iterator that continues after its last item and one that continues before its first", () => {
    expect(listOut([{ id: "c" }, { id: "b" }, { id: "a" }], idOf, true)).toEqual({
      data: [{ id: "c" }, { id: "b" }, { id: "a" }],
      iterator: "a",
      prevIterator: "-c",
      done: false,
    });
  });

  test("the last page also has an iterator that continues after its last item", () => {
    expect(listOut([{ id: "a" }], idOf, false)).toEqual({
      data: [{ id: "a" }],
      iterator: "a",
      prevIterator: "-a",
      done: true,
    });
  });

  test("a page without items has a null iterator and no previous page", () => {
    const page = listOut([], idOf, false);
    expect(page).toEqual({ data: [], iterator: null, done: true });
    expect("prevIterator" in page).toBe(false);
  });

  test("a page of an incomplete search has an iterator from which the search continues, even if the page is empty", () => {
    const [forwards, backwards] = [false, true].map((back) => ({ id: "m", backwards: back }));
    expect(listOut([], idOf, true, forwards)).toEqual({ data: [], iterator: "m", done: false });
    expect(listOut([], idOf, true, backwards)).toEqual({ data: [], iterator: null, prevIterator: "-m", done: false });
    const items = [{ id: "z" }, { id: "x" }];
    expect(listOut(items, idOf, true, forwards)).toMatchObject({ iterator: "m", prevIterator: "-z" });
    expect(listOut(items, idOf, true, backwards)).toMatchObject({ iterator: "x", prevIterator: "-m" });
  });
});

describe("iterator", () => {
  test("an iterator is the id from which a list continues, with a leading minus sign for the previous page", () => {
    expect(parseIterator("app_1")).toEqual({ id: "app_1", backwards: false });
    expect(parseIterator("-app_1")).toEqual({ id: "app_1", backwards: true });
  });

  test("the iterators of a page can be parsed", () => {
    const { iterator, prevIterator } = listOut([{ id: "x" }, { id: "y" }], idOf, true);
    expect(parseIterator(iterator!)).toEqual({ id: "y", backwards: false });
    expect(parseIterator(prevIterator!)).toEqual({ id: "x", backwards: true });
  });
});

describe("name iterator", () => {
  const names = fc.uniqueArray(fc.string({ unit: fc.constantFrom(..."-_.aA0"), minLength: 1, maxLength: 4 }), {
    minLength: 1,
    maxLength: 12,
  });

  /** Returns a page of a list that is sorted by name, like a store. */
  function page(all: readonly string[], limit: number, iterator: string | null) {
    const start = iterator === null ? { name: null, backwards: false } : parseNameIterator(iterator);
    const { name, backwards } = start;
    const beyond = all.filter((one) => name === null || (backwards ? one < name : one > name));
    const items = backwards ? beyond.slice(-limit) : beyond.slice(0, limit);
    return listOut(items, iteratorOfName, beyond.length > limit);
  }

  test("name iterators lead through the whole list and back, whatever characters the names begin with", () => {
    fc.assert(
      fc.property(names, fc.integer({ min: 1, max: 5 }), (unsorted, limit) => {
        const all = unsorted.sort();
        let here = page(all, limit, null);
        const forwards = [...here.data];
        while (!here.done && forwards.length <= all.length) {
          here = page(all, limit, here.iterator);
          forwards.push(...here.data);
        }
        expect(forwards).toEqual(all);
        let backwards = [...here.data];
        do {
          here = page(all, limit, here.prevIterator!);
          backwards = [...here.data, ...backwards];
        } while (!here.done && backwards.length <= all.length);
        expect(backwards).toEqual(all);
      }),
    );
  });

  test("a name iterator is the name, with a leading minus sign for the previous page, and escaped if the name itself begins with one", () => {
    expect(iteratorOfName("user.signup")).toBe("user.signup");
    expect(parseNameIterator("user.signup")).toEqual({ name: "user.signup", backwards: false });
    expect(parseNameIterator("-user.signup")).toEqual({ name: "user.signup", backwards: true });
    expect(parseNameIterator("--user")).toEqual({ name: "-user", backwards: true });
    expect(parseNameIterator(iteratorOfName("-user"))).toEqual({ name: "-user", backwards: false });
    expect(parseNameIterator(`-${iteratorOfName("-user")}`)).toEqual({ name: "-user", backwards: true });
  });
});
