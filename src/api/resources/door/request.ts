import { targetOf } from "../../http/request-target.ts";

/** The parts of a URL at the door. */
export interface DoorTarget {
  readonly token: string;
  /** The path after the token, with its percent escapes; empty if there is none. */
  readonly suffix: string;
  /** The query with its question mark, with its percent escapes; empty if there is none. */
  readonly query: string;
}

const TARGET = /^\/in\/(?<token>[^/?#]*)(?<suffix>[^?]*)(?<query>.*)$/s;

/**
 * Splits the URL of a request, or returns null if it is not one of the door. `prefix` is a path that
 * may come first, such as `/hooks`.
 */
export function doorTargetOf(url: string, prefix: string): DoorTarget | null {
  const target = targetOf(url);
  const path = prefix !== "" && target.startsWith(`${prefix}/in/`) ? target.slice(prefix.length) : target;
  const groups = TARGET.exec(path)?.groups;
  if (groups === undefined) return null;
  const { token, suffix, query } = groups as unknown as DoorTarget;
  return { token, suffix: printable(suffix), query: printable(query) };
}

/**
 * Returns the text with percent escapes for everything but printable ASCII characters. Bun escapes
 * the other characters itself unless the `Host` header is unusable.
 */
function printable(text: string): string {
  return /^[\x21-\x7e]*$/.test(text) ? text : text.toWellFormed().replace(/[^\x21-\x7e]/gu, encodeURIComponent);
}

/**
 * Returns the headers of a request with names in lower case. Repeated values are joined with `, `.
 * A name that was not sent is not found, not even `constructor`.
 */
export function headersOf({ headers }: Request): Record<string, string> {
  const all = headers.toJSON() as Record<string, string | string[]>;
  const cookies = all["set-cookie"];
  if (Array.isArray(cookies)) all["set-cookie"] = cookies.join(", ");
  return Object.setPrototypeOf(all, null);
}
