/** A page of a list, in the format of the Svix API. */
export interface Listed<T> {
  readonly data: readonly T[];
  /**
   * Start of the next page: the id of the last item, even if there is no next page. Null if the
   * page is empty, unless the search was interrupted.
   */
  readonly iterator: string | null;
  /**
   * End of the previous page: `-` followed by the id of the first item. Absent if the page is
   * empty, unless the search was interrupted.
   */
  readonly prevIterator?: string;
  /** True if no items are left in the direction of reading. */
  readonly done: boolean;
}

export const pageLimitDefault = 50;
export const pageLimitMax = 250;

/** The place where an interrupted search continues: the id and the direction of reading. */
export interface Resume {
  readonly id: string;
  readonly backwards: boolean;
}

/**
 * Returns a page of items, which are in display order. `more` is true if further items exist in the
 * direction of reading. If `resume` is given, the next request continues there instead of after the
 * last item.
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
 * Parses the `iterator` of a request: an id. The prefix `-` selects the page that ends before it.
 */
export function parseIterator(text: string): { readonly id: string; readonly backwards: boolean } {
  return text.startsWith("-") ? { id: text.slice(1), backwards: true } : { id: text, backwards: false };
}

/**
 * Prefix that escapes a name that begins with `-`, because the name would otherwise request the
 * previous page. No name begins with `~`.
 */
const NAME_MARK = "~";

/**
 * Returns the iterator for an item that is identified by a name. Callers choose names, which may
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
