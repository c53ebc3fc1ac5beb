/** Work that takes too long for the event loop that answers requests. */
import { compileSchema, UnusableSchema } from "../json-schema/compile.ts";

/** Why a schema cannot be used, and where. */
export interface SchemaProblem {
  readonly message: string;
  readonly path: readonly string[];
}

/** The value of a YAML text. JSON text is much faster to pass between threads than a value. */
export type YamlValue = { readonly json: string } | { readonly value: unknown };

/** A task took longer than its deadline. */
export class TaskOverdue extends Error {
  override readonly name = "TaskOverdue";
}

/** The methods reject with `TaskOverdue` if the input takes too long. */
export interface HeavyWork {
  /** Returns the problem of a schema, given as JSON text, or null if the schema can be used. */
  schemaProblem(schema: string): Promise<SchemaProblem | null>;
  /** Returns the value of a YAML text, or null if the text is not YAML. */
  yamlValue(text: string): Promise<YamlValue | null>;
}

/** The work itself, by name. The functions may take 100 ms and more. */
export const tasks = { schemaProblem, yamlValue };
export type TaskName = keyof typeof tasks;

/** Does the work on the calling thread. */
export const workOnThisThread: HeavyWork = {
  schemaProblem: async (schema) => schemaProblem(schema),
  yamlValue: async (text) => yamlValue(text),
};

function schemaProblem(schema: string): SchemaProblem | null {
  try {
    compileSchema(JSON.parse(schema));
    return null;
  } catch (error) {
    if (!(error instanceof UnusableSchema)) throw error;
    return { message: error.message, path: error.path };
  }
}

function yamlValue(text: string): YamlValue | null {
  let value: unknown;
  try {
    value = Bun.YAML.parse(text);
  } catch {
    return null;
  }
  return isTree(value) ? { json: JSON.stringify(value) } : { value };
}

/**
 * Returns whether each object in a value occurs only once. Aliases in YAML can make a small text
 * enormous as JSON, and a value can contain itself.
 */
function isTree(value: unknown): boolean {
  const seen = new Set<object>();
  const open = [value];
  while (open.length > 0) {
    const one = open.pop();
    if (typeof one !== "object" || one === null) continue;
    if (seen.has(one)) return false;
    seen.add(one);
    for (const child of Object.values(one)) open.push(child);
  }
  return true;
}
