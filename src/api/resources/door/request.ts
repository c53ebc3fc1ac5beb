import { withoutSessionSecrets } from "../../../core/session.ts";
import { targetOf } from "../../http/request-target.ts";

/** The parts of a URL at the door. */
export interface DoorTarget {
  readonly token: string;
  /** The path after the token, with its percent escapes; empty if there is none. */
  readonly suffix: string;
  /** The query with its question mark, with its percent escapes; empty if there is none. */
  readonly query: string;
}

const START = "/in/";

/**
 * Splits the URL of a request, or returns null if it is not one of the door. `prefix` is a path that
 * may come first, such as `/hooks`.
 */
export function doorTargetOf(url: string, prefix: string): DoorTarget | null {
  const target = targetOf(url);
  const start = prefix !== "" && target.startsWith(prefix + START) ? prefix.length : 0;
  if (!target.startsWith(START, start)) return null;
  const from = start + START.length;
  const to = tokenEnd(target, from);
  const mark = target.indexOf("?", to);
  const end = mark < 0 ? target.length : mark;
  return {
    token: target.slice(from, to),
    suffix: to === end ? "" : printable(target.slice(to, end)),
    query: mark < 0 ? "" : printable(target.slice(mark)),
  };
}

const SLASH = 0x2f;
const QUESTION_MARK = 0x3f;
const HASH = 0x23;

/** Returns the position at which the token ends. */
function tokenEnd(target: string, from: number): number {
  for (let at = from; at < target.length; at++) {
    const code = target.charCodeAt(at);
    if (code === SLASH || code === QUESTION_MARK || code === HASH) return at;
  }
  return target.length;
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
 * Use `Object.hasOwn` to look up a name that is not constant, because it may be `constructor`.
 */
export function headersOf({ headers }: Request): Record<string, string> {
  // Twice as fast as iterating over the headers (Bun 1.4.5).
  const all = headers.toJSON() as Record<string, string | string[]>;
  const cookies = all["set-cookie"];
  if (Array.isArray(cookies)) all["set-cookie"] = cookies.join(", ");
  if (typeof all.cookie === "string") all.cookie = withoutSessionSecrets(all.cookie);
  return all as Record<string, string>;
}
