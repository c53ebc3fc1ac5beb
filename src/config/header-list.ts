import type { Kind } from "./kinds.ts";

export type HeaderList = ReadonlyArray<readonly [name: string, value: string]>;

const HEADERS_MAX = 50;
const CHARS_MAX = 8192;
const NAME = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/i;
const VALUE = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/;
/** Headers that the client sets itself. */
const OWN: ReadonlySet<string> = new Set(["content-type", "content-length", "host", "connection", "transfer-encoding"]);

/** Headers in the form of the variable `OTEL_EXPORTER_OTLP_HEADERS`: `name=value,…` with percent escapes. */
export const headerList: Kind<HeaderList> = {
  label: "secret",
  expected:
    "a comma-separated list of headers such as authorization=Bearer%20TOKEN, with percent escapes for spaces and commas",
  parse(text) {
    if (text.trim() === "") return [];
    if (text.length > CHARS_MAX) return null;
    const headers = text.split(",").map(headerOf);
    if (headers.length > HEADERS_MAX || !headers.every((header) => header !== null)) return null;
    return new Set(headers.map(([name]) => name)).size === headers.length ? headers : null;
  },
  fromToml: (value) => (typeof value === "string" ? value : null),
  format: (headers) => headers.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join(","),
};

/** Returns the header with its name in lower case, or null if the text is invalid. */
function headerOf(text: string): readonly [name: string, value: string] | null {
  const equals = text.indexOf("=");
  const name = text.slice(0, Math.max(0, equals)).trim().toLowerCase();
  if (!NAME.test(name) || OWN.has(name)) return null;
  const value = decoded(text.slice(equals + 1).trim());
  return value !== null && VALUE.test(value) ? [name, value] : null;
}

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}
