import { fullFormats } from "ajv-formats/dist/formats.js";
import { isBase64 } from "./base64.ts";
import type { Meter } from "./meter.ts";
import { linearPattern } from "./pattern/linear.ts";

/**
 * Maximum length of a formatted value. Longer values match no format except those for encoded data.
 */
const FORMATTED_CHARS_MAX = 8192;
/** Formats without a maximum length, because checking them reads each character at most once. */
const UNLIMITED = new Set(["binary", "byte", "password"]);
const STEPS_MIN = 4;
/** The regular expressions of some formats take time quadratic in the length of the text. */
const CHARS_SQUARED_PER_STEP = 1024;
/**
 * Cost of compiling a regular expression, per character of its text. Compiling costs more than
 * reading the text.
 */
const STEPS_PER_CHAR_OF_REGEX = 32;
/** Group names cost quadratic time, because each name is compared with all others. */
const CHARS_SQUARED_OF_REGEX_PER_STEP = 128;

/** Returns whether the value has the format. Always true for types other than strings. */
export type Format = (value: unknown, meter: Meter) => boolean;

/**
 * Returns the JSON Schema or OpenAPI format with this name. Returns undefined if the name is
 * unknown; an unknown format constrains nothing.
 */
export function formatNamed(name: string): Format | undefined {
  return formats.get(name);
}

/**
 * The library's regular expression for base64 scans a text repeatedly and becomes much slower
 * beyond a certain length.
 */
const known = { ...fullFormats, byte: isBase64 };

const formats = new Map(Object.entries(known).map(([name, format]) => [name, formatOf(name, format)]));

function formatOf(name: string, format: unknown): Format {
  if (isOfNumbers(format)) return (value) => typeof value !== "number" || format.validate(value);
  const accepts = name === "url" ? linear(format as RegExp) : textTest(format);
  return (value, meter) => {
    if (typeof value !== "string") return true;
    if (!UNLIMITED.has(name) && value.length > FORMATTED_CHARS_MAX) return false;
    meter.spendOnText(value);
    meter.spend(STEPS_MIN + stepsFor(name, value.length));
    return accepts(value, meter);
  };
}

function stepsFor(name: string, chars: number): number {
  if (UNLIMITED.has(name)) return 0;
  if (name !== "regex") return chars ** 2 / CHARS_SQUARED_PER_STEP;
  return chars * STEPS_PER_CHAR_OF_REGEX + chars ** 2 / CHARS_SQUARED_OF_REGEX_PER_STEP;
}

interface NumberFormat {
  readonly type: "number";
  validate(value: number): boolean;
}

function isOfNumbers(format: unknown): format is NumberFormat {
  return typeof format === "object" && format !== null && (format as { type?: unknown }).type === "number";
}

type TextTest = (text: string, meter: Meter) => boolean;

/**
 * Returns a linear-time version of a regular expression that takes quadratic time with a large
 * constant factor.
 */
function linear({ source, flags }: RegExp): TextTest {
  const pattern = linearPattern(source, flags);
  return (text, meter) => pattern.test(text, meter);
}

function textTest(format: unknown): TextTest {
  if (format instanceof RegExp) return (text) => format.test(text);
  if (typeof format === "function") return format as TextTest;
  if (format === true) return () => true;
  return textTest((format as { validate: unknown }).validate);
}
