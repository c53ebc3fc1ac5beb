/** The first `charsMax` UTF-16 units of a text, or one fewer so that no character is cut in half. */
export function cutText(text: string, charsMax: number): string {
  if (text.length <= charsMax) return text;
  const isHalf = (text.codePointAt(charsMax - 1) ?? 0) > 0xffff;
  return text.slice(0, isHalf ? charsMax - 1 : charsMax);
}

/** Where in a JSON value a text or the name of a field holds half of a character (a lone surrogate); null when none does. */
export function pathOfMalformedText(value: unknown): string[] | null {
  if (typeof value === "string") return value.isWellFormed() ? null : [];
  if (typeof value !== "object" || value === null) return null;
  const isList = Array.isArray(value);
  for (const [key, child] of Object.entries(value)) {
    const path = key.isWellFormed() ? pathOfMalformedText(child) : [];
    if (path !== null) return [isList ? `[${key}]` : key, ...path];
  }
  return null;
}

/** The first `bytesMax` bytes of a UTF-8 text, or up to three fewer so that no character is cut in half. */
export function cutUtf8(bytes: Uint8Array, bytesMax: number): Uint8Array {
  if (bytes.byteLength <= bytesMax) return bytes;
  let end = bytesMax;
  // A byte of the form 10xxxxxx belongs to a character that began before it.
  while (end > 0 && bytesMax - end < 4 && (bytes[end]! & 0xc0) === 0x80) end--;
  // Four of them in a row are no UTF-8: then there is no character to save.
  return bytes.subarray(0, bytesMax - end < 4 ? end : bytesMax);
}
