/** A page of a list, in the form of the Svix API. */
export interface Listed<T> {
  readonly data: readonly T[];
  /**
   * Start of the next page: the id of the last item, even if there is no next page. Null on an
   * empty page, unless the search was cut short.
   */
  readonly iterator: string | null;
  /**
   * End of the previous page: `-` and the id of the first item. Absent on an empty page, unless the
   * search was cut short.
   */
  readonly prevIterator?: string;
  /** No items are left in the direction of travel. */
  readonly done: boolean;
}

export const pageLimitDefault = 50;
export const pageLimitMax = 250;

/**
 * Where a search that was cut short continues: from this id, in the direction in which the reader
 * travels.
 */
export interface Resume {
  readonly id: string;
  readonly backwards: boolean;
}

/**
 * Returns a page of items, which are in display order whatever the direction of travel. `more` says
 * whether further items exist in that direction. With `resume`, the next request continues from
 * there instead of from the last item.
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

/**
 * Parses the `iterator` of a request: an id, prefixed with `-` for the page that ends before it.
 */
export function parseIterator(text: string): { readonly id: string; readonly backwards: boolean } {
  return text.startsWith("-") ? { id: text.slice(1), backwards: true } : { id: text, backwards: false };
}

/**
 * Escape for a name that begins with `-`, so that it does not request the previous page. No name
 * begins with `~`.
 */
const NAME_MARK = "~";

/**
 * Returns the iterator of an item that is identified by a name chosen by the caller, which may
 * begin with `-`.
 */
export function iteratorOfName(name: string): string {
  return name.startsWith("-") ? `${NAME_MARK}${name}` : name;
}

/** Parses the `iterator` of a request for a list of named items. */
export function parseNameIterator(text: string): { readonly name: string; readonly backwards: boolean } {
  const { id, backwards } = parseIterator(text);
  return { name: id.startsWith(NAME_MARK) ? id.slice(NAME_MARK.length) : id, backwards };
}
