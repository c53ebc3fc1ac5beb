import type { Format } from "ajv";
import { fullFormats } from "ajv-formats/dist/formats.js";
import { isBase64 } from "./base64.ts";

/**
 * Maximum length of a formatted value. The regular expressions of some formats take quadratic time
 * and cannot be interrupted: about 60 ms for this length. Longer values match no format except those
 * for encoded data.
 */
const FORMATTED_CHARS_MAX = 8192;
/** Formats without a maximum length, because checking them reads each character at most once. */
const UNLIMITED = new Set(["binary", "byte", "password"]);

/**
 * The formats of JSON Schema and OpenAPI. The library's regular expression for base64 scans a text
 * repeatedly and becomes much slower beyond a certain length.
 */
const known: Readonly<Record<string, unknown>> = { ...fullFormats, byte: isBase64 };

export const formats: Readonly<Record<string, Format>> = Object.fromEntries(
  Object.entries(known).map(([name, format]) => [name, isOfNumbers(format) ? format : limited(name, format)]),
);

/** Returns the highest cost of a format per character, in the steps of `costOf`. Measured. */
export function formatCost(name: string): number {
  if (UNLIMITED.has(name) || !Object.hasOwn(formats, name)) return 1;
  return name === "url" ? 1000 : 50;
}

function limited(name: string, format: unknown): (text: string) => boolean {
  const accepts = textTest(format);
  return UNLIMITED.has(name) ? accepts : (text) => text.length <= FORMATTED_CHARS_MAX && accepts(text);
}

function isOfNumbers(format: unknown): format is Format & { readonly type: "number" } {
  return typeof format === "object" && format !== null && (format as { type?: unknown }).type === "number";
}

function textTest(format: unknown): (text: string) => boolean {
  if (format instanceof RegExp) return (text) => format.test(text);
  if (typeof format === "function") return format as (text: string) => boolean;
  if (format === true) return () => true;
  return textTest((format as { validate: unknown }).validate);
}
