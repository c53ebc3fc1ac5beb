type Headers = ReadonlyArray<readonly [name: string, value: string]>;

/** A token as defined by RFC 9110, 5.6.2. */
const NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/**
 * Matches characters that a header value must not contain: all except printable Latin-1 characters
 * and tab. A line break, for example, would start a new header.
 */
const NOT_IN_VALUE = /[^\t\x20-\x7e\x80-\xff]/;
/**
 * Headers that only the client may set, because they define the request's destination and framing.
 */
const OWN_NAME = /^(?:host|content-length|transfer-encoding)$/i;

/**
 * Returns the head of a request as Latin-1 text, or null if one of the headers must not be sent.
 * `bodyBytes` null means a request that has no body.
 */
export function requestHead(headStart: string, headers: Headers, bodyBytes: number | null): string | null {
  let head = headStart;
  for (const [name, value] of headers) {
    if (!maySend(name, value)) return null;
    head += `${name}: ${value}\r\n`;
  }
  return bodyBytes === null ? `${head}\r\n` : `${head}Content-Length: ${bodyBytes}\r\n\r\n`;
}

/** Returns the name of the first header that must not be sent, as JSON. */
export function firstUnsendable(headers: Headers): string {
  const [name] = headers.find(([name, value]) => !maySend(name, value))!;
  return JSON.stringify(name);
}

function maySend(name: string, value: string): boolean {
  return (sendable.has(name) || isSendable(name)) && !NOT_IN_VALUE.test(value);
}

/** Names that may be sent. The same few names occur in nearly all requests. */
const sendable = new Set<string>();
const SENDABLE_MAX = 1000;

function isSendable(name: string): boolean {
  if (!NAME.test(name) || OWN_NAME.test(name)) return false;
  if (sendable.size >= SENDABLE_MAX) sendable.clear();
  sendable.add(name);
  return true;
}
