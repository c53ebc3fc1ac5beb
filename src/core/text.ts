/** The first `bytesMax` bytes of a UTF-8 text, or up to three fewer so that no character is cut in half. */
export function cutUtf8(bytes: Uint8Array, bytesMax: number): Uint8Array {
  if (bytes.byteLength <= bytesMax) return bytes;
  let end = bytesMax;
  // A byte of the form 10xxxxxx belongs to a character that began before it.
  while (end > 0 && bytesMax - end < 4 && (bytes[end]! & 0xc0) === 0x80) end--;
  // Four of them in a row are no UTF-8: then there is no character to save.
  return bytes.subarray(0, bytesMax - end < 4 ? end : bytesMax);
}
