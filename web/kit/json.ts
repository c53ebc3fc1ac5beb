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

/** Returns the tokens of a JSON text, except white space, or null if the text is not JSON. */
function tokens(text: string): string[] | null {
  try {
    JSON.parse(text);
  } catch {
    return null;
  }
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

function closing(opening: string): string | null {
  return opening === "{" ? "}" : opening === "[" ? "]" : null;
}

function kindOf(part: string, after: string | undefined): JsonTokenKind {
  if (part.startsWith('"')) return after === ":" ? "key" : "string";
  return /^[a-z]/.test(part) ? "word" : "number";
}
