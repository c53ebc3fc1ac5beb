/**
 * Parses expressions that name a value of a request.
 *
 *     expression  = alternative *( "," alternative )
 *     alternative = term *( "+" term )
 *     term        = path | "header:" name | word
 *                 | "form:" name [ path ] | "claim:" [ name ] path | "otherKey:" name *( "|" name )
 *     path        = "$" 1*step        ; the "$" may be missing before "[" in the provider table
 *     step        = "." member | "[" digits "]" | "[*]" | "['" text "']"
 *
 * Blanks around `,` and `+` are ignored. `form:` is a field of a form, and `claim:` is a claim of the
 * JWT in a header or, without a name, in the body. `otherKey:` is the first top-level key of the body
 * that is not listed.
 */

/** A step from a JSON value to one of its children; `"*"` stands for the items of a list. */
export type Step = { readonly member: string } | { readonly index: number } | "*";

export type Term =
  | { readonly kind: "path"; readonly steps: readonly Step[] }
  | { readonly kind: "header"; readonly name: string }
  | { readonly kind: "field"; readonly name: string; readonly steps: readonly Step[] }
  | { readonly kind: "claim"; readonly header: string | null; readonly steps: readonly Step[] }
  | { readonly kind: "otherKey"; readonly names: ReadonlySet<string> }
  | { readonly kind: "literal"; readonly text: string };

/** Alternatives, each with the terms that are joined. */
export type Alternatives = readonly (readonly Term[])[];

/**
 * Who has written the expression. In the `table` of providers a bare word is the name of a header.
 * A `user` may only write paths, `header:Name` and literals, and a bare word is a literal.
 */
export type Dialect = "table" | "user";

/** Thrown if an expression is invalid. The message is written for users. */
export class ExpressionError extends Error {}

/** Our own limits. They bound the work per request; real expressions are far shorter. */
export const expressionCharsMax = 1024;
const termsMax = 16;
export const stepsMax = 32;

const headerName = /^[!#%&'*^_`|~0-9A-Za-z.-]+$/;
const literal = /^[a-zA-Z0-9\-_.]+$/;
const step = /\.(?<member>[^\s.,+[\]'"*?()]+)|\[(?:(?<index>\d{1,9})|(?<all>\*)|'(?<quoted>(?:[^'\\]|\\.)*)')\]/uy;

export function parseAlternatives(text: string, dialect: Dialect): Alternatives {
  if (text.length > expressionCharsMax) {
    throw new ExpressionError(`Must be at most ${expressionCharsMax} characters long.`);
  }
  const alternatives = split(text, ",").map((alternative) => split(alternative, "+"));
  if (alternatives.flat().length > termsMax) throw new ExpressionError(`Must have at most ${termsMax} parts.`);
  return alternatives.map((terms) => terms.map((term) => parseTerm(term.trim(), dialect)));
}

/** Splits at separators that are not within `['…']`. */
function split(text: string, separator: string): string[] {
  const parts: string[] = [];
  let from = 0;
  let isQuoted = false;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (isQuoted && character === "\\") at++;
    else if (character === "'") isQuoted = !isQuoted;
    else if (character === separator && !isQuoted) {
      parts.push(text.slice(from, at));
      from = at + 1;
    }
  }
  return [...parts, text.slice(from)];
}

function parseTerm(text: string, dialect: Dialect): Term {
  if (text === "") throw new ExpressionError("A part is empty.");
  if (text.startsWith("$")) return { kind: "path", steps: parseSteps(text, 1) };
  if (text.startsWith("header:")) return { kind: "header", name: parseHeaderName(text.slice("header:".length)) };
  if (dialect === "table") return parseTableTerm(text);
  if (!literal.test(text)) {
    throw new ExpressionError(
      `The part ${shown(text)} is neither a path such as $.type, nor header:Name, nor a name of a-z, A-Z, 0-9, -, _ and .`,
    );
  }
  return { kind: "literal", text };
}

function parseTableTerm(text: string): Term {
  if (text.startsWith("[")) return { kind: "path", steps: parseSteps(text, 0) };
  if (/^'[^']+'$/.test(text)) return { kind: "literal", text: text.slice(1, -1) };
  if (text.startsWith("otherKey:")) {
    return { kind: "otherKey", names: new Set(text.slice("otherKey:".length).split("|")) };
  }
  if (text.startsWith("form:")) {
    const { name, steps } = parseNameAndPath(text.slice("form:".length));
    return { kind: "field", name, steps };
  }
  if (text.startsWith("claim:")) {
    const { name, steps } = parseNameAndPath(text.slice("claim:".length));
    return { kind: "claim", header: name === "" ? null : parseHeaderName(name), steps };
  }
  return { kind: "header", name: parseHeaderName(text) };
}

function parseNameAndPath(text: string): { name: string; steps: readonly Step[] } {
  const at = text.indexOf("$");
  return at < 0 ? { name: text, steps: [] } : { name: text.slice(0, at), steps: parseSteps(text, at + 1) };
}

function parseHeaderName(text: string): string {
  if (!headerName.test(text)) throw new ExpressionError(`The name ${shown(text)} is not a valid header name.`);
  return text.toLowerCase();
}

function parseSteps(path: string, from: number): Step[] {
  const steps: Step[] = [];
  step.lastIndex = from;
  while (step.lastIndex < path.length || steps.length === 0) {
    const groups = step.exec(path)?.groups;
    if (groups === undefined) {
      throw new ExpressionError(`The path ${shown(path)} is invalid. Paths look like $.a.b[0]['c d'].`);
    }
    if (steps.length === stepsMax) throw new ExpressionError(`A path must have at most ${stepsMax} steps.`);
    steps.push(stepOf(groups));
  }
  return steps;
}

function stepOf({ member, index, quoted }: Readonly<Record<string, string | undefined>>): Step {
  if (member !== undefined) return { member };
  if (index !== undefined) return { index: Number(index) };
  return quoted === undefined ? "*" : { member: quoted.replace(/\\(.)/gsu, "$1") };
}

function shown(text: string): string {
  return text.length <= 60 ? text : `${text.slice(0, 60)}…`;
}
