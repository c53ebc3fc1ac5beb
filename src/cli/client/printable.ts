/** Characters that could control the terminal or reorder the text around them. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\u2028\u2029]/gu;

/** Returns text from elsewhere in a form that is safe to print on one line of a terminal. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, "�");
}
