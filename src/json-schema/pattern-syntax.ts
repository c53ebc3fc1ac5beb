import { RE2JS } from "re2js";

/** Space as JavaScript defines it. RE2 knows only that of ASCII. */
const SPACE = "\\t-\\r \\x{a0}\\x{1680}\\x{2000}-\\x{200a}\\x{2028}\\x{2029}\\x{202f}\\x{205f}\\x{3000}\\x{feff}";
const NO_SPACE =
  "\\x{0}-\\x{8}\\x{e}-\\x{1f}!-\\x{9f}\\x{a1}-\\x{167f}\\x{1681}-\\x{1fff}\\x{200b}-\\x{2027}\\x{202a}-\\x{202e}\\x{2030}-\\x{205e}\\x{2060}-\\x{2fff}\\x{3001}-\\x{fefe}\\x{ff00}-\\x{10ffff}";
/** Any character except the four that end lines in JavaScript. In RE2, only one does. */
const DOT = "[^\\n\\r\\x{2028}\\x{2029}]";

const SURROGATES = /\\u(d[89ab][0-9a-f]{2})\\u(d[c-f][0-9a-f]{2})/gi;
/** A class of spaces and a hyphen that begins no range, an escape, the limits of a class, or a dot. */
const TOKENS = /\\[sS]-(?!\])|\\.|\[|\]|\./gsu;

/** Translates a pattern from the syntax of JavaScript to that of RE2. */
export function re2Syntax(source: string): string {
  const joined = source.replace(SURROGATES, (_, high: string, low: string) => {
    const text = String.fromCharCode(Number.parseInt(high, 16), Number.parseInt(low, 16));
    return `\\u{${text.codePointAt(0)!.toString(16)}}`;
  });
  let isInClass = false;
  return RE2JS.translateRegExp(joined).replace(TOKENS, (token) => {
    if (token === "[" || token === "]") isInClass = token === "[";
    if (token === "." && !isInClass) return DOT;
    if (!/^\\s/i.test(token)) return token;
    const ranges = token[1] === "s" ? SPACE : NO_SPACE;
    return `${isInClass ? ranges : `[${ranges}]`}${token.length > 2 ? "\\-" : ""}`;
  });
}
