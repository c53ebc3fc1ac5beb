const TAB = 9;
const SPACE = 32;
const COLON = 58;
/** The bit that makes an ASCII letter lower case. It is also set in a hyphen. */
const LOWER_CASE = 0x20;

/** The characters of a token (RFC 9110, 5.6.2). */
const isTokenByte = new Uint8Array(256);
for (const character of "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") {
  isTokenByte[character.charCodeAt(0)] = 1;
}

/** The names of the known fields. No two have the same length. */
const NAMES = [
  "content-length",
  "transfer-encoding",
  "connection",
  "retry-after",
  "content-encoding",
  "content-type",
  "cache-control",
  "webhook-allowed-origin",
] as const;
type Name = (typeof NAMES)[number];

const names: ReadonlyMap<number, readonly [Name, Uint8Array]> = new Map(
  NAMES.map((name) => [name.length, [name, new TextEncoder().encode(name)]]),
);

/** The header fields that the client uses. Other fields are skipped without decoding. */
export class HeaderFields {
  /** Repeated fields are joined with commas (RFC 9110, 5.3). */
  contentLength: string | null = null;
  transferEncoding: string | null = null;
  connection: string | null = null;
  /** The first value if the field is repeated. */
  retryAfter: string | null = null;
  contentEncoding: string | null = null;
  /** The first value if the field is repeated. */
  contentType: string | null = null;
  /** Repeated fields are joined with commas. */
  cacheControl: string | null = null;
  /** Repeated fields are joined with commas. */
  allowedOrigin: string | null = null;
  /** The field of the line that was read last. Its value may continue on the next line. */
  #open: Name | null = null;
  #value = "";

  /** Reads one non-empty line. Returns a note if the line is malformed, otherwise null. */
  read(bytes: Uint8Array, start: number, end: number): string | null {
    if (isWhiteSpace(bytes[start]!)) {
      if (this.#open !== null) this.#value = `${this.#value} ${textOf(bytes, start, end)}`.trim();
      return "A header was folded over several lines.";
    }
    this.close();
    let at = start;
    while (at < end && isTokenByte[bytes[at]!] === 1) at += 1;
    const nameEnd = at;
    // White space before the colon is invalid (RFC 9112, 5.1) but harmless here.
    while (at < end && isWhiteSpace(bytes[at]!)) at += 1;
    const isMalformed = nameEnd === start || bytes[at] !== COLON || at >= end;
    if (isMalformed) return "A malformed header line was ignored.";
    this.#open = nameOf(bytes, start, nameEnd);
    if (this.#open !== null) this.#value = textOf(bytes, at + 1, end);
    return at === nameEnd ? null : "A header name was followed by white space.";
  }

  /** Stores the open field. Its value is complete. */
  close(): void {
    const value = this.#value;
    switch (this.#open) {
      case null:
        return;
      case "content-length":
        this.contentLength = joined(this.contentLength, value);
        break;
      case "transfer-encoding":
        this.transferEncoding = joined(this.transferEncoding, value);
        break;
      case "connection":
        this.connection = joined(this.connection, value);
        break;
      case "content-encoding":
        this.contentEncoding = joined(this.contentEncoding, value);
        break;
      case "content-type":
        this.contentType ??= value;
        break;
      case "cache-control":
        this.cacheControl = joined(this.cacheControl, value);
        break;
      case "webhook-allowed-origin":
        this.allowedOrigin = joined(this.allowedOrigin, value);
        break;
      case "retry-after":
        this.retryAfter ??= value;
        break;
    }
    this.#open = null;
  }
}

function joined(before: string | null, value: string): string {
  return before === null ? value : `${before}, ${value}`;
}

/**
 * Returns the known field name that the bytes contain, ignoring case. Returns null for other names.
 */
function nameOf(bytes: Uint8Array, start: number, end: number): Name | null {
  const known = names.get(end - start);
  if (known === undefined) return null;
  const [name, letters] = known;
  for (let i = 0; i < letters.byteLength; i++) if ((bytes[start + i]! | LOWER_CASE) !== letters[i]) return null;
  return name;
}

/** Decodes Latin-1 and trims white space. */
function textOf(bytes: Uint8Array, start: number, end: number): string {
  let from = start;
  let to = end;
  while (from < to && isWhiteSpace(bytes[from]!)) from += 1;
  while (to > from && isWhiteSpace(bytes[to - 1]!)) to -= 1;
  return latin1(bytes, from, to);
}

export function latin1(bytes: Uint8Array, start: number, end: number): string {
  let text = "";
  for (let i = start; i < end; i++) text += String.fromCharCode(bytes[i]!);
  return text;
}

function isWhiteSpace(byte: number): boolean {
  return byte === SPACE || byte === TAB;
}
