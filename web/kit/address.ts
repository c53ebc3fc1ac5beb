import { signal } from "@preact/signals";

/**
 * The address of the page that is shown: the fragment of the URL, such as
 * `#/msg?app_id=acme&state=dead`. The path names the page and the query holds its filters, so that
 * every view can be linked, opened in a new tab and bookmarked. The server serves one document.
 */
export interface Address {
  /** The decoded parts of the path; empty for the first page. */
  readonly path: readonly string[];
  readonly query: Query;
}

/** Filters by name. A name that is missing does not filter. */
export type Query = Readonly<Record<string, string>>;

/** Changes to a query: null removes a name. */
export type QueryChange = Readonly<Record<string, string | null>>;

export const address = signal<Address>({ path: [], query: {} });

/** Keeps `address` in sync with the address bar. */
export function followAddress(): void {
  const read = () => {
    address.value = parseAddress(location.hash);
  };
  addEventListener("hashchange", read);
  read();
}

export function parseAddress(hash: string): Address {
  const [path = "", search = ""] = splitOnce(hash.replace(/^#?\/*/, ""), "?");
  const parts = path.split("/").filter((part) => part !== "");
  const query = [...new URLSearchParams(search)].filter(([, value]) => value !== "");
  return { path: parts.map(decode), query: Object.fromEntries(query) };
}

/** Returns the link to a page. Empty filters are left out. */
export function link(path: readonly string[], query: Readonly<Record<string, string | null | undefined>> = {}): string {
  const set = Object.entries(query).filter((entry): entry is [string, string] => Boolean(entry[1]));
  const search = new URLSearchParams(set).toString();
  return `#/${path.map(encodeURIComponent).join("/")}${search === "" ? "" : `?${search}`}`;
}

/** Returns the link to the page that is shown, with other filters. */
export function linkWith(change: QueryChange): string {
  const { path, query } = address.value;
  return link(path, { ...query, ...change });
}

/** Shows the same page with other filters, without a new entry in the history. */
export function setQuery(change: QueryChange): void {
  history.replaceState(null, "", linkWith(change));
  address.value = parseAddress(location.hash);
}

/** The names of a pattern's parameters: `"app"` and `"message"` for `app/:app/msg/:message`. */
export type ParamsOf<Pattern extends string> = Pattern extends `${infer Part}/${infer Rest}`
  ? ParamsOf<Part> & ParamsOf<Rest>
  : Pattern extends `:${infer Name}`
    ? { readonly [K in Name]: string }
    : unknown;

/**
 * Returns the parameters of a path that fits a pattern, or null if the path does not fit. The
 * parameters `.` and `..` never fit, because they cannot be escaped in the path of a request.
 */
export function match(pattern: string, path: readonly string[]): Readonly<Record<string, string>> | null {
  const parts = pattern.split("/").filter((part) => part !== "");
  if (parts.length !== path.length) return null;
  const params: Record<string, string> = {};
  for (const [at, part] of parts.entries()) {
    const actual = path[at]!;
    if (!part.startsWith(":")) {
      if (part !== actual) return null;
    } else {
      if (actual === "." || actual === "..") return null;
      params[part.slice(1)] = actual;
    }
  }
  return params;
}

function splitOnce(text: string, at: string): [string, string] {
  const index = text.indexOf(at);
  return index < 0 ? [text, ""] : [text.slice(0, index), text.slice(index + at.length)];
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
