/** Characters that could control the terminal or reorder the text around them. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\u2028\u2029]/gu;

/** Returns text from elsewhere in a form that is safe to print on one line of a terminal. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, "�");
}

/** Returns the beginning of a text from elsewhere on one line, with at most this many characters. */
export function lineOf(text: string, charsMax: number): string {
  return printable(text.replace(/\s+/g, " ").slice(0, charsMax));
}

/** Returns an error message from elsewhere for use within a sentence, without its full stop. */
export function phraseOf(message: string): string {
  return printable(message).replace(/[.\s]+$/, "");
}

/** Returns why `fetch` has failed, for use within a sentence. */
export function reasonOf(error: Error): string {
  // The runtime's own message asks the user a question.
  if ((error as { readonly code?: unknown }).code === "ECONNREFUSED") return "the connection was refused";
  return phraseOf(error.message);
}

/** Returns a value as JSON that is safe to print on one line of a terminal. */
export function printableJson(value: unknown): string {
  return JSON.stringify(value).replace(UNPRINTABLE, escaped);
}

function escaped(character: string): string {
  return [...Array(character.length).keys()]
    .map((index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, "0")}`)
    .join("");
}
