/**
 * Expressions that name an event type or a delivery id in a request, such as `$.event.type` or
 * `header:X-GitHub-Event + $.action`. See `expression-parser.ts` for the syntax.
 */
import { eventTypeNameProblem, nameCharsMax } from "../core/rule.ts";
import {
  type Alternatives,
  type Dialect,
  ExpressionError,
  parseAlternatives,
  type Step,
  type Term,
} from "./expression-parser.ts";

/** The parts of a request that expressions read. */
export interface ExpressionInput {
  /** The names are in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** The body as text. */
  readonly text: string;
  /** Returns the body as JSON, or undefined if it is not valid JSON. */
  json(): unknown;
  /** Returns false only if no object in the body has a member of this name. Saves the parsing of the body. */
  mayHaveMember(name: string): boolean;
  /** Returns a field of the form in the body, or null if there is none. */
  field(name: string): string | null;
}

export interface Expression {
  readonly alternatives: Alternatives;
}

/** Parses an expression of the provider table. Throws if it is invalid. */
export function tableExpression(text: string): Expression {
  return { alternatives: parseAlternatives(text, "table") };
}

/** Parses an expression that a user has written. Throws if one of the checks below has failed. */
export function userExpression(text: string): Expression {
  return { alternatives: parseAlternatives(text, "user") };
}

/** Returns what is wrong with a source's `eventType`, or null. */
export function eventTypeProblem(text: string): string | null {
  const parsed = parsedOrProblem(text, "user");
  if (typeof parsed === "string") return parsed;
  for (const term of parsed.flat()) {
    const problem = term.kind === "literal" ? eventTypeNameProblem(term.text) : null;
    if (problem !== null) return problem;
  }
  return null;
}

/**
 * Returns what is wrong with the `by` of `deduplicate`, or null. A literal is refused, because all
 * requests would be duplicates of the first.
 */
export function deduplicateByProblem(text: string): string | null {
  if (text === "delivery-id" || text === "body") return null;
  const parsed = parsedOrProblem(text, "user");
  if (typeof parsed === "string") return parsed;
  const isLiteral = parsed.flat().some((term) => term.kind === "literal");
  return isLiteral ? "Must be delivery-id, body, a path such as $.id, or header:Name." : null;
}

/**
 * Returns the value as a valid event type name, or null without a match. Parts that the request
 * does not have are left out. `[*]` is the first item.
 */
export function readEventType({ alternatives }: Expression, input: ExpressionInput): string | null {
  for (const terms of alternatives) {
    let joined = "";
    for (const term of terms) {
      const text = eventTypeText(firstValue(term, input));
      if (text !== null) joined = joined === "" ? text : `${joined}.${text}`;
    }
    const name = joined.slice(0, nameCharsMax);
    if (name !== "" && eventTypeNameProblem(name) === null) return name;
  }
  return null;
}

/** Maximum number of items in a key. A larger batch is identified by its body, which takes less time. */
const keyItemsMax = 10_000;

/**
 * Returns a text that is equal for two requests only if the values are equal, or null without a
 * match. `[*]` is all items, so that a batch is a duplicate only if all of its items are. Every part
 * must exist, because requests that share only some of the parts are different.
 */
export function readKey({ alternatives }: Expression, input: ExpressionInput): string | null {
  for (const terms of alternatives) {
    const [first] = terms;
    // The usual expression is one header, which needs no lists.
    if (terms.length === 1 && first!.kind === "header") {
      const text = keyText(headerOf(input, first!.name));
      if (text !== null) return text;
      continue;
    }
    const texts = terms.flatMap((term) => valuesOf(term, input, "all").map(keyText));
    if (texts.some((text) => text === null)) continue;
    // Several texts are written as JSON, because joining them could make different lists equal.
    return texts.length === 1 ? texts[0]! : JSON.stringify(texts);
  }
  return null;
}

/** Turns any text into the characters of an event type name, at most 256 of them. */
export function asEventTypeName(text: string): string {
  if (/^[a-zA-Z0-9\-_.]{1,256}$/.test(text)) return text;
  return text
    .slice(0, 2 * nameCharsMax)
    .replace(/[/:\s]/g, ".")
    .replace(/[^a-zA-Z0-9\-_.]/gu, "_")
    .slice(0, nameCharsMax);
}

function parsedOrProblem(text: string, dialect: Dialect): Alternatives | string {
  try {
    return parseAlternatives(text, dialect);
  } catch (error) {
    if (error instanceof ExpressionError) return error.message;
    throw error;
  }
}

function eventTypeText(value: unknown): string | null {
  if (typeof value === "number") return asEventTypeName(String(value));
  return typeof value === "string" && value !== "" ? asEventTypeName(value) : null;
}

/**
 * Only integers that JSON numbers represent exactly are keys. Two different larger numbers could
 * be read as the same number, and the second request would be lost as a duplicate.
 */
function keyText(value: unknown): string | null {
  if (typeof value === "number") return Number.isSafeInteger(value) ? String(value) : null;
  return typeof value === "string" && value !== "" ? value : null;
}

function firstValue(term: Term, input: ExpressionInput): unknown {
  if (term.kind === "header") return headerOf(input, term.name);
  if (term.kind === "path" && !mayHave(input, term.steps)) return undefined;
  return valuesOf(term, input, "first")[0];
}

/** Which items `[*]` stands for. */
type Items = "first" | "all";

/** Returns at least one value; undefined is a missing one. */
function valuesOf(term: Term, input: ExpressionInput, items: Items): unknown[] {
  switch (term.kind) {
    case "literal":
      return [term.text];
    case "header":
      return [headerOf(input, term.name)];
    case "path":
      return mayHave(input, term.steps) ? select(input.json(), term.steps, items) : [undefined];
    case "field": {
      const text = input.field(term.name);
      if (text === null || term.steps.length === 0) return [text ?? undefined];
      return select(parsedJson(text), term.steps, items);
    }
    case "claim":
      return select(
        claimsOf(term.header === null ? input.text : (headerOf(input, term.header) ?? "")),
        term.steps,
        items,
      );
    case "otherKey": {
      const body = input.json();
      const keys = typeof body === "object" && body !== null && !Array.isArray(body) ? Object.keys(body) : [];
      return [keys.find((key) => !term.names.has(key))];
    }
  }
}

function mayHave(input: ExpressionInput, steps: readonly Step[]): boolean {
  return steps.every((step) => step === "*" || "index" in step || input.mayHaveMember(step.member));
}

function headerOf({ headers }: ExpressionInput, name: string): string | undefined {
  return Object.hasOwn(headers, name) ? headers[name] : undefined;
}

function select(root: unknown, steps: readonly Step[], items: Items): unknown[] {
  let values: unknown[] = [root];
  for (const step of steps) {
    if (step !== "*") values = values.map((value) => childOf(value, step));
    else if (items === "first") values = values.map((value) => childOf(value, { index: 0 }));
    else values = values.flatMap(itemsForKey);
    if (values.length > keyItemsMax) return [undefined];
  }
  return values;
}

function itemsForKey(value: unknown): readonly unknown[] {
  return Array.isArray(value) && value.length > 0 && value.length <= keyItemsMax ? value : [undefined];
}

function childOf(value: unknown, step: Exclude<Step, "*">): unknown {
  if ("index" in step) return Array.isArray(value) ? value[step.index] : undefined;
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  return Object.hasOwn(value, step.member) ? (value as Record<string, unknown>)[step.member] : undefined;
}

/** Returns the claims of a JWT, which may follow the word `Bearer`. Its signature is not checked. */
function claimsOf(header: string): unknown {
  const [, claims, ...rest] = header.replace(/^Bearer /i, "").split(".", 4);
  return claims === undefined || rest.length !== 1
    ? undefined
    : parsedJson(Buffer.from(claims, "base64url").toString("utf8"));
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
