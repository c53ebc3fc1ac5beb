/** A page of a list, in the form of the Svix API. */
export interface Listed<T> {
  readonly data: readonly T[];
  /** Where the next page starts: the id of the last item, also when there is no next page. Null on an empty page, unless the
   * search was cut short. */
  readonly iterator: string | null;
  /** Where the page before ends: `-` and the id of the first item. Absent on an empty page. */
  readonly prevIterator?: string;
  /** Nothing is left in the direction of travel. */
  readonly done: boolean;
}

export const pageLimitDefault = 50;
export const pageLimitMax = 250;

/** Where a search goes on that was cut short: from this id, in the direction in which the reader travels. */
export interface Resume {
  readonly id: string;
  readonly backwards: boolean;
}

/**
 * Items in display order, whichever way the reader travels; `more`: is there anything further on that way? With `resume` the reader
 * goes on from there instead of from the last item.
 */
export function listOut<T>(
  items: readonly T[],
  idOf: (item: T) => string,
  more: boolean,
  resume: Resume | null = null,
): Listed<T> {
  const [first, last] = [items[0], items.at(-1)];
  const forwardsFrom = resume !== null && !resume.backwards ? resume.id : last === undefined ? null : idOf(last);
  const backwardsFrom = resume?.backwards ? resume.id : first === undefined ? null : idOf(first);
  return {
    data: items,
    iterator: forwardsFrom,
    ...(backwardsFrom !== null && { prevIterator: `-${backwardsFrom}` }),
    done: !more,
  };
}

/** Reads the `iterator` of a request: an id, with `-` in front for the page that ends before it. */
export function parseIterator(text: string): { readonly id: string; readonly backwards: boolean } {
  return text.startsWith("-") ? { id: text.slice(1), backwards: true } : { id: text, backwards: false };
}

/** Stands before a name that begins with a minus itself, so that it is not taken for the way back. No name begins with it. */
const NAME_MARK = "~";

/** For lists whose items go by names of their callers, which may begin with anything that a name may hold. */
export function iteratorOfName(name: string): string {
  return name.startsWith("-") ? `${NAME_MARK}${name}` : name;
}

/** Reads the `iterator` of a request for such a list. */
export function parseNameIterator(text: string): { readonly name: string; readonly backwards: boolean } {
  const { id, backwards } = parseIterator(text);
  return { name: id.startsWith(NAME_MARK) ? id.slice(NAME_MARK.length) : id, backwards };
}
