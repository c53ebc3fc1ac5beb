/** Paths such as `$.customer.id` to one value in a JSON payload. */

import { type ExactJson, isRawNumber, parseExact } from "./exact-json.ts";
import { utf8OrNull } from "./text.ts";

/** One step: `.name`, `["name"]` or `[0]`. */
const STEP = /\.(?<plain>[^.[\]"\s]+)|\["(?<quoted>[^"\\]+)"\]|\[(?<index>\d{1,9})\]/gy;

/** Returns whether a text is a path: `$`, and at least one step. */
export function isKeyPath(text: string): boolean {
  return stepsOf(text) !== null;
}

/**
 * Returns a function that finds the text, number or boolean at a path in a payload, as text. The function
 * returns null if there is none, and for payloads that are not JSON.
 */
export function keyReader(path: string): (payload: Uint8Array) => string | null {
  const steps = stepsOf(path) ?? [];
  return (payload) => {
    const text = utf8OrNull(payload);
    if (text === null) return null;
    try {
      return textOf(valueAt(parseExact(text), steps));
    } catch (error) {
      if (error instanceof SyntaxError) return null;
      throw error;
    }
  };
}

function stepsOf(path: string): readonly string[] | null {
  if (!path.startsWith("$") || path.length === 1) return null;
  const rest = path.slice(1);
  const found = [...rest.matchAll(STEP)];
  const isWhole = found.reduce((length, [step]) => length + step.length, 0) === rest.length;
  return isWhole ? found.map(({ groups }) => groups!.plain ?? groups!.quoted ?? groups!.index!) : null;
}

function valueAt(value: ExactJson, steps: readonly string[]): ExactJson | undefined {
  let found: ExactJson | undefined = value;
  for (const step of steps) {
    if (typeof found !== "object" || found === null || isRawNumber(found) || !Object.hasOwn(found, step)) return;
    if (Array.isArray(found) && step === "length") return;
    found = (found as Readonly<Record<string, ExactJson>>)[step];
  }
  return found;
}

function textOf(value: ExactJson | undefined): string | null {
  if (typeof value === "string") return value;
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  return typeof value === "object" && value !== null && isRawNumber(value) ? value.rawJSON : null;
}
