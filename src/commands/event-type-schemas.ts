import { isDeepStrictEqual } from "node:util";
import { invalid } from "../core/problem.ts";
import { notWellFormed } from "../core/rule.ts";
import { pathOfMalformedText } from "../core/text.ts";
import type { EventType } from "../store/index.ts";
import { type SchemaProblem, TaskOverdue } from "../thread/heavy-work.ts";
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
  parts: Pick<CommandContext, "heavyWork">,
  schemas: Schemas,
  before: Schemas,
  loc = SCHEMAS_LOC,
): Promise<void> {
  for (const [version, schema] of Object.entries(schemas ?? {})) {
    if (before !== null && isDeepStrictEqual(before[version], schema)) continue;
    await checkSchema(parts, version, schema, loc);
  }
}

async function checkSchema(
  { heavyWork }: Pick<CommandContext, "heavyWork">,
  version: string,
  schema: unknown,
  loc: readonly string[],
): Promise<void> {
  const malformed = pathOfMalformedText({ [version]: schema });
  if (malformed !== null) throw invalid([...loc, ...malformed.map(shortened)], notWellFormed);
  const problem = await heavyWork.schemaProblem(JSON.stringify(schema)).catch(problemOf);
  if (problem !== null) throw invalid([...loc, shortened(version), ...problem.path], problem.message);
}

function problemOf(error: unknown): SchemaProblem {
  if (!(error instanceof TaskOverdue)) throw error;
  return { message: "The schema takes too long to check.", path: [] };
}

function shortened(segment: string): string {
  return segment.slice(0, SEGMENT_CHARS_MAX);
}
