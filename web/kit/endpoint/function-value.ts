export type Pairs = Readonly<Record<string, string>>;

/** The field `function` of a request. */
export interface FunctionValue {
  readonly code: string;
  /** Null removes a secret. */
  readonly secrets: Readonly<Record<string, string | null>>;
}

/** The URL of endpoints that run code. */
export const FUNCTION_URL = "function:";
export const NEW_CODE = "async function handler(event, ctx) {\n  ctx.log(event.payload);\n}\n";

/** Returns the secrets of a function in a text, or null if it has another form. */
export function parseSecrets(text: string): Pairs | null {
  return text.trim() === "" ? {} : parsePairs(text);
}

/** Returns the JSON object of texts in a text, or null if it has another form. */
export function parsePairs(text: string): Pairs | null {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== "object" || value === null || Array.isArray(value)) return null;
    return Object.values(value).every((one) => typeof one === "string") ? (value as Pairs) : null;
  } catch {
    return null;
  }
}
