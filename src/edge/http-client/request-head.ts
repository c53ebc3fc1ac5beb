type Headers = ReadonlyArray<readonly [name: string, value: string]>;

/** A token (RFC 9110, 5.6.2). */
const NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** Latin-1 without control characters but for the tab: no value can start another header. */
const NOT_IN_VALUE = /[^\t\x20-\x7e\x80-\xff]/;
/** The client says itself where a request goes and where it ends. */
const OWN_NAME = /^(?:host|content-length|transfer-encoding)$/i;

/** The head of a request, one byte a character; null if one of the headers may not be sent. */
export function requestHead(headStart: string, headers: Headers, bodyBytes: number): string | null {
  let head = headStart;
  for (const [name, value] of headers) {
    if (!maySend(name, value)) return null;
    head += `${name}: ${value}\r\n`;
  }
  return `${head}Content-Length: ${bodyBytes}\r\n\r\n`;
}

/** The name of the first header that may not be sent, as JSON. */
export function firstUnsendable(headers: Headers): string {
  const [name] = headers.find(([name, value]) => !maySend(name, value))!;
  return JSON.stringify(name);
}

function maySend(name: string, value: string): boolean {
  return NAME.test(name) && !NOT_IN_VALUE.test(value) && !OWN_NAME.test(name);
}
