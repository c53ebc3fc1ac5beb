import { CommandFailed } from "../exit-code.ts";
import { phraseOf } from "./printable.ts";

/** A field's type: its `typeof`, that or null with a question mark, a list of strings, or one of some words. */
type FieldType = "string" | "number" | "string?" | "strings" | readonly string[];

/**
 * Returns a response whose fields have the expected types. Throws `CommandFailed` otherwise. `server`
 * is the URL of the server.
 */
export function expectedFields<T>(server: string, response: unknown, fields: Readonly<Record<string, FieldType>>): T {
  const found = Object(response) as Readonly<Record<string, unknown>>;
  for (const [name, type] of Object.entries(fields)) {
    if (!isOfType(found[name], type)) throw unexpected(server, `its field ${name} is wrong`);
  }
  return response as T;
}

function isOfType(value: unknown, type: FieldType): boolean {
  switch (type) {
    case "string":
      return typeof value === "string";
    case "number":
      return Number.isSafeInteger(value);
    case "string?":
      return value === null || typeof value === "string";
    case "strings":
      return Array.isArray(value) && value.every((item) => typeof item === "string");
    default:
      return typeof value === "string" && type.includes(value);
  }
}

/**
 * Does work that uses fields of responses. Rejects with `CommandFailed` if they are missing or have
 * other types. `server` is the URL of the server, or another name of it.
 */
export async function withExpectedForm<T>(server: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw unexpected(server, phraseOf(error.message));
  }
}

function unexpected(server: string, reason: string): CommandFailed {
  return new CommandFailed(
    `The response from ${server} does not have the expected form (${reason}). Check that the URL is that of the server.`,
  );
}
