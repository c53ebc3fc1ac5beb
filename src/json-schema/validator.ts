/** Compiles a prepared schema with Ajv. */
import type { Ajv, ErrorObject, Options, ValidateFunction } from "ajv";
import { sentence } from "./findings.ts";
import type { Validator } from "./form.ts";
import { formats } from "./formats.ts";
import { addKeywords } from "./keywords.ts";
import { type Patterns, UnusablePattern } from "./patterns.ts";
import { UnusableSchema } from "./unusable-schema.ts";

/** Maximum number of errors that a check collects, which bounds its memory use. */
const ERRORS_MAX = 100_000;
/** Maximum length of what is shown of the validator's own messages. */
const SHOWN_CHARS_MAX = 128;

/** Stops a check that has found too many errors. */
export class TooManyErrors extends Error {
  override readonly name = "TooManyErrors";
}

const OPTIONS: Options = {
  strict: false,
  logger: false,
  meta: false,
  validateSchema: false,
  formats,
  // The code for the first error alone is nested as deeply as the schema has fields.
  allErrors: true,
  // Inherited properties such as `constructor` are not fields of a payload.
  ownProperties: true,
  // Otherwise, a schema that is referenced in many places would be compiled once per place.
  inlineRefs: false,
};

export interface Compiled {
  readonly validate: ValidateFunction;
  /** Length of the generated code. */
  readonly codeChars: number;
}

/**
 * Compiles a schema. Throws `UnusableSchema`. Because schemas do not share a validator, an `$id` in
 * one schema is invisible to the others, and dropping a schema frees all its memory.
 */
export function compileWith(Validator: Validator, schema: object | boolean, patterns: Patterns): Compiled {
  let codeChars = 0;
  const process = (code: string) => {
    codeChars += code.length;
    return withBoundedErrors(code);
  };
  const regExp = Object.assign((source: string) => patterns.of(source), { code: "" });
  const ajv: Ajv = addKeywords(new Validator({ ...OPTIONS, code: { optimize: false, process, regExp } }));
  Object.assign(ajv, { room });
  // In an older draft it names the schema, which is of no use without references to other schemas.
  ajv.removeKeyword("id");
  try {
    return { validate: ajv.compile(schema), codeChars };
  } catch (error) {
    throw unusable(error);
  }
}

/** A text in the generated code, or where errors are added to a list. */
const TEXT_OR_ADDITION = /"(?:[^"\\]|\\.)*"|\bvErrors(?=\.(?:push|concat)\()/g;

/** Returns the generated code with a limit to the lists of errors. */
function withBoundedErrors(code: string): string {
  return code.replace(TEXT_OR_ADDITION, (found) => (found === "vErrors" ? "self.room(vErrors)" : found));
}

/** Returns the list of errors if another one may be added. */
function room(errors: ErrorObject[]): ErrorObject[] {
  if (errors.length >= ERRORS_MAX) throw new TooManyErrors();
  return errors;
}

function unusable(error: unknown): UnusableSchema {
  if (error instanceof UnusablePattern) return new UnusableSchema(sentence(error.message));
  if (error instanceof RangeError) return new UnusableSchema("The schema is nested too deeply.");
  if (!(error instanceof Error)) return new UnusableSchema("The schema cannot be compiled.");
  const { missingRef } = error as { missingRef?: string };
  if (missingRef === undefined) {
    return new UnusableSchema(`The schema cannot be compiled: ${sentence(error.message.slice(0, SHOWN_CHARS_MAX))}`);
  }
  const reference = missingRef.slice(0, SHOWN_CHARS_MAX);
  return new UnusableSchema(
    `The reference ${reference} does not resolve within the schema; other documents are not fetched.`,
  );
}
