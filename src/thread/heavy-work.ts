/** Work that takes too long for the event loop that answers requests. */
import type { Seq } from "../core/id.ts";
import type { Finding } from "../core/problem.ts";
import { compileSchema, compileSchemaText, UnusableSchema } from "../json-schema/compile.ts";

/** Why a schema cannot be used, and where. */
export interface SchemaProblem {
  readonly message: string;
  readonly path: readonly string[];
}

/** The result of validating a payload. If the schema cannot be used, nothing was validated. */
export interface PayloadFindings {
  readonly problem: SchemaProblem | null;
  readonly findings: readonly Finding[];
}

/**
 * How large a compiled schema is, in bytes, and what a check costs (see `PayloadCheck`), or why the
 * schema cannot be used.
 */
export type SchemaSize = { readonly bytes: number; readonly cost: number } | { readonly problem: SchemaProblem };

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
  /** Validates a payload against a schema, both given as JSON text in one object. */
  payloadFindings(input: string): Promise<PayloadFindings>;
  /** Returns the size of a schema, given as JSON text without whitespace, or its problem. */
  schemaSize(schema: string): Promise<SchemaSize>;
  /**
   * Validates the payload of a message, which is any text, against a usable schema, which is JSON
   * text without whitespace. Returns null if the payload is not JSON. Environments take turns.
   */
  messageFindings(environmentSeq: Seq, schema: string, payload: string): Promise<readonly Finding[] | null>;
  /** Returns the value of a YAML text, or null if the text is not YAML. */
  yamlValue(text: string): Promise<YamlValue | null>;
}

/** The work itself, by name. The functions may take 100 ms and more. */
export const tasks = { schemaProblem, schemaSize, payloadFindings, messageFindings, yamlValue };
export type TaskName = keyof typeof tasks;

/** Does the work on the calling thread, for tests and for the simulation. */
export const workOnThisThread: HeavyWork = {
  schemaProblem: async (schema) => schemaProblem(schema),
  schemaSize: async (schema) => schemaSize(schema),
  payloadFindings: async (input) => payloadFindings(input),
  messageFindings: async (_, schema, payload) => messageFindings(twoTexts(schema, payload)),
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

function schemaSize(schema: string): SchemaSize {
  const problem = schemaProblem(schema);
  if (problem !== null) return { problem };
  const { bytes, cost } = compileSchemaText(schema);
  return { bytes, cost };
}

/** Joins a schema and a payload into one argument. The schema contains no line break. */
export function twoTexts(schema: string, payload: string): string {
  return `${schema}\n${payload}`;
}

function messageFindings(texts: string): readonly Finding[] | null {
  const end = texts.indexOf("\n");
  let payload: unknown;
  try {
    payload = JSON.parse(texts.slice(end + 1));
  } catch {
    return null;
  }
  return compileSchemaText(texts.slice(0, end))(payload);
}

function payloadFindings(input: string): PayloadFindings {
  const { schema, payload } = JSON.parse(input) as { readonly schema: unknown; readonly payload: unknown };
  try {
    return { problem: null, findings: compileSchema(schema)(payload) };
  } catch (error) {
    if (!(error instanceof UnusableSchema)) throw error;
    return { problem: { message: error.message, path: error.path }, findings: [] };
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
