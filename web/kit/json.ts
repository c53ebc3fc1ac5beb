/**
 * Formats JSON as text. Payloads are shown exactly as sent: `JSON.parse` would round large integers
 * and turn `1.0` into `1`, so the text is split into tokens and only white space between tokens
 * changes.
 */

export type JsonTokenKind = "key" | "string" | "number" | "word" | "mark" | "space";

export interface JsonToken {
  readonly kind: JsonTokenKind;
  readonly text: string;
}

const TOKEN = /\s+|"[^"\\]*(?:\\.[^"\\]*)*"|-?\d[\d.eE+-]*|[a-z]+|[{}[\],:]/y;

/** Returns whether a text is valid JSON. */
export function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Returns the tokens of a JSON text, except white space, or null if the text is not JSON. */
function tokens(text: string): string[] | null {
  if (!isJson(text)) return null;
  const found: string[] = [];
  TOKEN.lastIndex = 0;
  for (let match = TOKEN.exec(text); match !== null; match = TOKEN.exec(text)) {
    if (match[0].trim() !== "") found.push(match[0]);
  }
  return found;
}

/**
 * Returns the text as tokens for colouring, indented by two spaces per level, or null if it is not
 * JSON.
 */
export function prettyJson(text: string): readonly JsonToken[] | null {
  const parts = tokens(text);
  if (parts === null) return null;
  const out: JsonToken[] = [];
  let depth = 0;
  const newLine = () => out.push({ kind: "space", text: `\n${"  ".repeat(depth)}` });

  for (const [at, part] of parts.entries()) {
    const before = parts[at - 1];
    const after = parts[at + 1];
    if (part === "{" || part === "[") {
      out.push({ kind: "mark", text: part });
      depth += 1;
      if (after !== closing(part)) newLine();
    } else if (part === "}" || part === "]") {
      depth -= 1;
      if (before === undefined || part !== closing(before)) newLine();
      out.push({ kind: "mark", text: part });
    } else if (part === ",") {
      out.push({ kind: "mark", text: part });
      newLine();
    } else if (part === ":") {
      out.push({ kind: "mark", text: ": " });
    } else {
      out.push({ kind: kindOf(part, after), text: part });
    }
  }
  return out;
}

/**
 * Returns the text of a top-level member of a JSON object, unchanged, or null if the object has no
 * such member.
 */
export function memberText(objectText: string, name: string): string | null {
  let depth = 0;
  let key: string | null = null;
  let start = -1;
  let last = "";
  TOKEN.lastIndex = 0;
  for (let match = TOKEN.exec(objectText); match !== null; match = TOKEN.exec(objectText)) {
    const part = match[0];
    if (part.trim() === "") continue;
    const closes = part === "}" || part === "]";
    if (closes) depth -= 1;
    if (depth === (closes ? 0 : 1) && (part === "," || closes)) {
      if (key === name && start >= 0) return objectText.slice(start, match.index).trim();
      key = null;
      start = -1;
    } else if (depth === 1 && part === ":" && key === null) {
      key = JSON.parse(last) as string;
      start = TOKEN.lastIndex;
    }
    if (part === "{" || part === "[") depth += 1;
    last = part;
  }
  return null;
}

/** Returns the filter in the JSON text of an endpoint, unchanged; null if it has none. */
export function filterOf(endpointText: string): string | null {
  const text = memberText(endpointText, "filter");
  return text === "null" ? null : text;
}

/** A range of a text: the offset of its first character and the offset after its last. */
export type TextRange = readonly [from: number, to: number];

/**
 * Returns the range of the value at a path of member names and indexes in a JSON text. Returns the
 * range of the last value on the path that exists, or null if the text is not JSON.
 */
export function rangeAt(text: string, path: readonly string[]): TextRange | null {
  const all = tokens(text);
  if (all === null) return null;
  const found: TextRange[] = [];
  let at = 0;
  let offset = 0;
  let end = 0;
  const take = (): string => {
    const part = all[at++]!;
    const from = text.indexOf(part, end);
    offset = from;
    end = from + part.length;
    return part;
  };
  /** Reads a value. `depth` is its place on the path, or null if it is beside the path. */
  const read = (depth: number | null): void => {
    const opening = take();
    const from = offset;
    const close = closing(opening);
    for (let index = 0; close !== null && all[at] !== close; index++) {
      let name = String(index);
      if (opening === "{") {
        name = JSON.parse(take()) as string;
        take();
      }
      read(depth !== null && path[depth] === name ? depth + 1 : null);
      if (all[at] === ",") take();
    }
    if (close !== null) take();
    if (depth !== null) found[depth] = [from, end];
  };
  read(0);
  return found.at(-1) ?? null;
}

function closing(opening: string): string | null {
  return opening === "{" ? "}" : opening === "[" ? "]" : null;
}

function kindOf(part: string, after: string | undefined): JsonTokenKind {
  if (part.startsWith('"')) return after === ":" ? "key" : "string";
  return /^[a-z]/.test(part) ? "word" : "number";
}
