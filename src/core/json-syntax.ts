/** The place where a text stops being valid JSON (RFC 8259). */
export interface JsonError {
  /** Line number, starting at 1. */
  readonly line: number;
  /** Column in UTF-16 code units, starting at 1. */
  readonly column: number;
  /** Whether the text ends too early. */
  readonly atEnd: boolean;
}

const SPACE = /[ \t\n\r]*/y;
const SCALAR =
  /"(?:[ !#-[\]-\uffff]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;
/** Matches the part of a string before its first invalid character. */
const STRING_START = /"(?:[ !#-[\]-\uffff]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*/y;

/**
 * Finds the first place at which a text is not JSON. Returns null if the text is JSON. Needed
 * because this runtime's `JSON.parse` does not report the place. Takes linear time and does not
 * recurse.
 */
export function findSyntaxError(text: string): JsonError | null {
  const at = errorOffset(text);
  if (at === null) return null;
  const before = text.slice(0, at);
  const lineStart = before.lastIndexOf("\n") + 1;
  return { line: before.split("\n").length, column: at - lineStart + 1, atEnd: at >= text.length };
}

type Expected = "value" | "value or ]" | "key" | "key or }" | "colon" | "comma or end";

function errorOffset(text: string): number | null {
  /** The closing brackets that are still missing. */
  const open: string[] = [];
  let expected: Expected = "value";
  for (let at = matchEnd(SPACE, text, 0); ; at = matchEnd(SPACE, text, at)) {
    if (expected === "comma or end" && open.length === 0) return at === text.length ? null : at;
    const char = text.charAt(at);
    const closes = expected === "comma or end" || expected === "value or ]" || expected === "key or }";
    if (closes && char !== "" && char === open.at(-1)) {
      open.pop();
      expected = "comma or end";
      at++;
    } else if (expected === "comma or end") {
      if (char !== ",") return at;
      expected = open.at(-1) === "}" ? "key" : "value";
      at++;
    } else if (expected === "colon") {
      if (char !== ":") return at;
      expected = "value";
      at++;
    } else if (expected === "key" || expected === "key or }") {
      const end = char === '"' ? matchEnd(SCALAR, text, at) : at;
      if (end === at) return endOfValidPart(text, at);
      expected = "colon";
      at = end;
    } else if (char === "{" || char === "[") {
      open.push(char === "{" ? "}" : "]");
      expected = char === "{" ? "key or }" : "value or ]";
      at++;
    } else {
      const end = matchEnd(SCALAR, text, at);
      if (end === at) return endOfValidPart(text, at);
      expected = "comma or end";
      at = end;
    }
  }
}

/**
 * Returns the offset of the invalid character in a string that starts at `at`, or `at` if no string
 * starts there.
 */
function endOfValidPart(text: string, at: number): number {
  return matchEnd(STRING_START, text, at);
}

/** Returns the offset after a match at `at`, or `at` if there is none. */
function matchEnd(sticky: RegExp, text: string, at: number): number {
  sticky.lastIndex = at;
  return sticky.test(text) ? sticky.lastIndex : at;
}
