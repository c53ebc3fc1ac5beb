/**
 * Parses ECMAScript regular expressions into trees. The parser detects no errors, because `RegExp`
 * has already accepted the expression. Single-character terms (`[^\s]`, `\p{L}`, `\u0041`) are
 * copied verbatim and matched by `RegExp`.
 */

/**
 * A node of the expression. Captures and laziness are dropped, because they do not affect whether
 * the expression matches.
 */
export type Tree =
  | { readonly kind: "character"; readonly source: string }
  | { readonly kind: "sequence"; readonly parts: readonly Tree[] }
  | { readonly kind: "choice"; readonly options: readonly Tree[] }
  | { readonly kind: "repeat"; readonly body: Tree; readonly min: number; readonly max: number }
  | { readonly kind: "edge"; readonly edge: Edge }
  | { readonly kind: "look"; readonly ahead: boolean; readonly wanted: boolean; readonly body: Tree };

export type Edge = "^" | "$" | "\\b" | "\\B";

/** The expression is valid but cannot be matched in bounded time or space. */
export class UnsupportedPattern extends Error {
  override readonly name = "UnsupportedPattern";
}

const DEPTH_MAX = 64;
const GROUP = /\((?:\?(?:(?<look><?[=!])|:|<[^>]*>))?/y;
const QUANTIFIER = /(?:[*+?]|\{(?<min>\d+)(?<range>,(?<max>\d*))?\})\??/y;
const CLASS = /\[\^?(?:\\.|[^\]\\])*\]/sy;
/**
 * A Unicode character in an expression with the `u` flag. A pair of surrogate escapes is one
 * character.
 */
const CHARACTER_U =
  /\\u[dD][89abAB][\da-fA-F]{2}\\u[dD][c-fC-F][\da-fA-F]{2}|\\u\{[^}]*\}|\\[pP]\{[^}]*\}|\\u[\da-fA-F]{4}|\\x[\da-fA-F]{2}|\\c[a-zA-Z]|\\.|./suy;
const CHARACTER = /\\u[\da-fA-F]{4}|\\x[\da-fA-F]{2}|\\c[a-zA-Z]|\\.|./sy;

/**
 * Parses an expression. `RegExp` must accept `source` with these flags (`u` or none). Throws
 * `UnsupportedPattern`.
 */
export function parsePattern(source: string, isUnicode: boolean): Tree {
  return new Parser(source, isUnicode ? CHARACTER_U : CHARACTER).choice(0);
}

class Parser {
  #at = 0;

  constructor(
    private readonly source: string,
    private readonly character: RegExp,
  ) {}

  choice(depth: number): Tree {
    if (depth > DEPTH_MAX) throw new UnsupportedPattern("The groups of the pattern are nested too deeply.");
    const options = [this.#sequence(depth)];
    while (this.#next() === "|") {
      this.#at++;
      options.push(this.#sequence(depth));
    }
    return options.length === 1 ? options[0]! : { kind: "choice", options };
  }

  #sequence(depth: number): Tree {
    const parts: Tree[] = [];
    while (this.#at < this.source.length && this.#next() !== "|" && this.#next() !== ")") {
      parts.push(this.#quantified(this.#term(depth)));
    }
    return { kind: "sequence", parts };
  }

  #quantified(body: Tree): Tree {
    const match = this.#consume(QUANTIFIER);
    if (match === null) return body;
    const { min, range, max } = match.groups ?? {};
    if (min === undefined) {
      const sign = match[0].charAt(0);
      return { kind: "repeat", body, min: sign === "+" ? 1 : 0, max: sign === "?" ? 1 : Number.POSITIVE_INFINITY };
    }
    const least = Number(min);
    const most = range === undefined ? least : max === "" ? Number.POSITIVE_INFINITY : Number(max);
    return { kind: "repeat", body, min: least, max: most };
  }

  #term(depth: number): Tree {
    const next = this.#next();
    if (next === "(") return this.#group(depth);
    if (next === "[") return { kind: "character", source: this.#consume(CLASS)![0] };
    if (next === "^" || next === "$") {
      this.#at++;
      return { kind: "edge", edge: next };
    }
    const source = this.#consume(this.character)![0];
    if (source === "\\b" || source === "\\B") return { kind: "edge", edge: source };
    if (/^\\(?:[1-9k]|0\d)/.test(source + this.#next()) || source === "\\c") {
      throw new UnsupportedPattern("Backreferences are not supported in patterns.");
    }
    return { kind: "character", source };
  }

  #group(depth: number): Tree {
    const opening = this.#consume(GROUP)!;
    if (opening[0] === "(" && this.#next() === "?")
      throw new UnsupportedPattern("Inline flags are not supported in patterns.");
    const body = this.choice(depth + 1);
    this.#at++;
    const look = opening.groups?.look;
    if (look === undefined) return body;
    return { kind: "look", ahead: look.length === 1, wanted: look.endsWith("="), body };
  }

  #next(): string {
    return this.source.charAt(this.#at);
  }

  /** Consumes a match of `expression` at the current position and returns it, or returns null. */
  #consume(expression: RegExp): RegExpExecArray | null {
    expression.lastIndex = this.#at;
    const match = expression.exec(this.source);
    if (match !== null) this.#at = expression.lastIndex;
    return match;
  }
}
