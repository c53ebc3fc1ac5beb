import { isDeepStrictEqual } from "node:util";
import { invalid } from "../core/problem.ts";
import { notWellFormed } from "../core/rule.ts";
import { pathOfMalformedText } from "../core/text.ts";
import { compileSchema, UnusableSchema } from "../json-schema/compile.ts";
import type { EventType } from "../store/index.ts";
import type { CommandContext } from "./context.ts";

type Schemas = EventType["schemas"];

const SEGMENT_CHARS_MAX = 128;

/** The default location of schemas in a request body. */
const SCHEMAS_LOC: readonly string[] = ["body", "schemas"];

/**
 * Checks an event type's schemas. Throws 422 at the first schema that cannot be used. Skips schemas
 * that `before` already contains. `loc` is the location of the schemas in the request.
 */
export async function checkSchemas(
  { clock }: Pick<CommandContext, "clock">,
  schemas: Schemas,
  before: Schemas,
  loc = SCHEMAS_LOC,
): Promise<void> {
  for (const [version, schema] of Object.entries(schemas ?? {})) {
    if (before !== null && isDeepStrictEqual(before[version], schema)) continue;
    checkSchema(version, schema, loc);
    // Compiling takes milliseconds and there may be hundreds of schemas, so other requests can run
    // between two schemas.
    await new Promise<void>((resolve) => clock.soon(resolve));
  }
}

function checkSchema(version: string, schema: unknown, loc: readonly string[]): void {
  const malformed = pathOfMalformedText({ [version]: schema });
  if (malformed !== null) throw invalid([...loc, ...malformed.map(shortened)], notWellFormed);
  try {
    compileSchema(schema);
  } catch (error) {
    if (!(error instanceof UnusableSchema)) throw error;
    throw invalid([...loc, shortened(version), ...error.path], error.message);
  }
}

function shortened(segment: string): string {
  return segment.slice(0, SEGMENT_CHARS_MAX);
}
