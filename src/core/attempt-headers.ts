import type { ExchangedHeaders } from "../ports.ts";
import { isSensitiveHeader } from "./sensitive-header.ts";

export interface HeaderField {
  readonly name: string;
  readonly value: string;
}

/** The headers of an attempt as they are stored. Null if there was no response. */
export interface AttemptHeaders {
  readonly request: readonly HeaderField[];
  readonly response: readonly HeaderField[] | null;
}

/** Maximum size of the stored headers of a request, and of a response, in characters. */
export const attemptHeadersCharsMax = 4096;

const MASK = "***";

/**
 * Returns the headers of an attempt in the form in which they are stored: secrets are masked, and
 * what exceeds the limit is cut off.
 */
export function attemptHeadersOf({ request, response }: ExchangedHeaders): AttemptHeaders {
  const afterRequestLine = request.slice(request.indexOf("\n") + 1);
  return {
    request: fieldsOf(afterRequestLine, isSensitiveHeader),
    response: response === "" ? null : fieldsOf(response, (name) => name.toLowerCase() === "set-cookie"),
  };
}

function fieldsOf(text: string, isSecret: (name: string) => boolean): HeaderField[] {
  const fields: HeaderField[] = [];
  let room = attemptHeadersCharsMax;
  for (const line of text.split("\n")) {
    const colon = line.indexOf(":");
    if (colon < 0) continue;
    const name = line.slice(0, colon).trim();
    const value = isSecret(name) ? MASK : line.slice(colon + 1).trim();
    if (name.length > room) break;
    fields.push({ name, value: value.slice(0, room - name.length) });
    room -= name.length + value.length;
    if (room <= 0) break;
  }
  return fields;
}
