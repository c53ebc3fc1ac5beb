/** A page of a list, in the form of the Svix API. */
export interface Listed<T> {
  readonly data: readonly T[];
  /** Where the next page starts: the id of the last item, also when there is no next page. Null on an empty page. */
  readonly iterator: string | null;
  /** Where the page before ends: `-` and the id of the first item. Absent on an empty page. */
  readonly prevIterator?: string;
  /** Nothing is left in the direction of travel. */
  readonly done: boolean;
}

export const pageLimitDefault = 50;
export const pageLimitMax = 250;

/** Items in display order, whichever way the reader travels; `more`: is there anything further on that way? */
export function listOut<T>(items: readonly T[], idOf: (item: T) => string, more: boolean): Listed<T> {
  const [first, last] = [items[0], items.at(-1)];
  if (first === undefined || last === undefined) return { data: items, iterator: null, done: !more };
  return { data: items, iterator: idOf(last), prevIterator: `-${idOf(first)}`, done: !more };
}

/** Reads the `iterator` of a request: an id, with `-` in front for the page that ends before it. */
export function parseIterator(text: string): { readonly id: string; readonly backwards: boolean } {
  return text.startsWith("-") ? { id: text.slice(1), backwards: true } : { id: text, backwards: false };
}
