/** The boundary has at most 70 characters (RFC 2046, 5.1.1). */
const BOUNDARY = /^\s*multipart\/form-data\s*;(?:.*;)?\s*boundary=(?:"([^"\r\n]{1,70})"|([^\s;",]{1,70}))\s*(?:;|$)/i;
const NAME = /^content-disposition:\s*form-data\s*;(?:.*;)?\s*name="([^"\r\n]*)"/im;
const PARTS_MAX = 100;
const HEAD_BYTES_MAX = 4096;
const HEADER_CHARS_MAX = 1024;
const END_OF_HEAD = Buffer.from("\r\n\r\n");

/**
 * Returns the fields of a multipart form as texts (RFC 7578), or null if the body is not one or is
 * malformed. Of several fields with one name the first counts.
 */
export function multipartFields(contentType: string, bytes: Uint8Array): ReadonlyMap<string, string> | null {
  const [, quoted, plain] = contentType.length > HEADER_CHARS_MAX ? [] : (BOUNDARY.exec(contentType) ?? []);
  const boundary = quoted ?? plain;
  if (boundary === undefined) return null;
  const body = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const delimiter = Buffer.from(`\r\n--${boundary}`);
  let at = startOfParts(body, delimiter);
  const fields = new Map<string, string>();
  for (let count = 0; at >= 0 && count <= PARTS_MAX; count++) {
    const after = body.toString("latin1", at, at + 2);
    if (after === "--") return fields;
    const next = body.indexOf(delimiter, at);
    if (after !== "\r\n" || next < 0) return null;
    addField(fields, body.subarray(at + 2, next));
    at = next + delimiter.length;
  }
  return null;
}

/** Returns where the first part begins, or -1. */
function startOfParts(body: Buffer, delimiter: Buffer): number {
  const first = delimiter.subarray(2);
  if (body.subarray(0, first.length).equals(first)) return first.length;
  const at = body.indexOf(delimiter);
  return at < 0 ? -1 : at + delimiter.length;
}

function addField(fields: Map<string, string>, part: Buffer): void {
  const end = part.subarray(0, HEAD_BYTES_MAX).indexOf(END_OF_HEAD);
  const name = end < 0 ? undefined : NAME.exec(part.toString("utf8", 0, end))?.[1];
  if (name === undefined || fields.has(name)) return;
  fields.set(name, part.toString("utf8", end + END_OF_HEAD.length));
}
