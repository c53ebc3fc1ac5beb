/** What is put in the place of the validator's own formats and of its `uniqueItems`, so that no payload makes them slow. */
import type { Ajv, Format } from "ajv";
import { fullFormats } from "ajv-formats/dist/formats.js";
import type { Meter } from "./metered.ts";

/** Nothing that has a format is longer, but what is encoded as text. */
const FORMATTED_CHARS_MAX = 8192;
const UNLIMITED = new Set(["binary", "byte", "password"]);

/** The formats of the standard and those of OpenAPI. What has another one is not checked for it. */
export function addFormats(ajv: Ajv): void {
  for (const [name, format] of Object.entries(fullFormats)) {
    ajv.addFormat(name, UNLIMITED.has(name) ? (format as Format) : limited(format as Format));
  }
}

function limited(format: Format): Format {
  if (format instanceof RegExp) return isShort((text) => format.test(text));
  if (typeof format === "function") return isShort(format as (text: string) => boolean);
  if (typeof format === "object" && format.type !== "number" && typeof format.validate === "function") {
    return isShort(format.validate as (text: string) => boolean);
  }
  return format;
}

function isShort(validate: (text: string) => boolean): Format {
  return (text: string) => text.length <= FORMATTED_CHARS_MAX && validate(text);
}

/** Compares each item once, and not each with each: an array of a payload may have a million. */
export function addUniqueItems(ajv: Ajv, meter: Meter): void {
  ajv.removeKeyword("uniqueItems");
  ajv.addKeyword({
    keyword: "uniqueItems",
    type: "array",
    schemaType: "boolean",
    error: { message: "must NOT have duplicate items" },
    validate: (wanted: boolean, items: readonly unknown[]) => {
      meter.spend(items.length);
      return !wanted || new Set(items.map(canonical)).size === items.length;
    },
  });
}

/** The same text for values that are equal in JSON. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}
