/**
 * One sentence made of what the parser of the command line says (`error: unknown option
 * '--prt=3'\n(Did you mean
 * --port?)`). The value of an unknown option is left out: it may be a secret behind a typing error.
 */
export function usageSentence(parserMessage: string): string {
  const sentence = parserMessage
    .replace(/^error: /, "")
    .replace(/unknown option '(-[^=']*)=.*'/s, "unknown option '$1'")
    .replace(/\s*\n\(Did you mean (one of )?(.*)\?\)$/s, "; did you mean $1$2?")
    // A second sentence becomes a part of the first.
    .replace(/\. (Expected|It wants)/, (_, start: string) => `; ${start.toLowerCase()}`)
    .replace(/\s+/g, " ");
  const end = /[.?]$/.test(sentence) ? "" : "; see boathook help.";
  return `${sentence.charAt(0).toUpperCase()}${sentence.slice(1)}${end}`;
}
