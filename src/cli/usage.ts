/**
 * Converts a message of commander, such as `error: unknown option '--prt=3'\n(Did you mean
 * --port?)`, into one sentence. The value of an unknown option is omitted, because it may be a
 * secret given to a misspelt option. `help` is the command that prints the help.
 */
export function usageSentence(parserMessage: string, help: string): string {
  const sentence = parserMessage
    .replace(/^error: /, "")
    .replace(/unknown option '(-[^=']*)=.*'/s, "unknown option '$1'")
    .replace(/\s*\n\(Did you mean (one of )?(.*)\?\)$/s, "; did you mean $1$2?")
    // Joins a second sentence to the first.
    .replace(/\. (Expected|Must)/, (_, start: string) => `; ${start.toLowerCase()}`)
    .replace(/\s+/g, " ");
  const end = /[.?]$/.test(sentence) ? "" : `; see ${help}.`;
  return `${sentence.charAt(0).toUpperCase()}${sentence.slice(1)}${end}`;
}
