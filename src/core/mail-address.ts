const ADDRESS_CHARS_MAX = 254;
const LOCAL = /^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}$/;
const DOMAIN_LABEL = /^[\p{L}\p{N}](?:[\p{L}\p{N}-]*[\p{L}\p{N}])?$/u;

/**
 * Returns whether a text is an e-mail address without a display name, quotes and comments, so that
 * it can be put into a header.
 */
export function isMailAddress(text: string): boolean {
  if (text.length > ADDRESS_CHARS_MAX) return false;
  const at = text.lastIndexOf("@");
  return (
    LOCAL.test(text.slice(0, Math.max(at, 0))) &&
    text
      .slice(at + 1)
      .split(".")
      .every((label) => DOMAIN_LABEL.test(label))
  );
}
