/** Checks schemas against the meta-schema of their dialect. */
import type { Ajv } from "ajv";
import type { Ajv2020 } from "ajv/dist/2020.js";
import { sentence, unescapePointer } from "./findings.ts";
import { addKeywords } from "./keywords.ts";
import { UnusableSchema } from "./unusable-schema.ts";

/** The validator class of a dialect. */
export type Validator = typeof Ajv | typeof Ajv2020;

/** Validators of the meta-schemas, each created on first use. */
const forms = new Map<Validator, Ajv>();

/**
 * Checks the schema against its meta-schema. Throws `UnusableSchema` with the location of the first
 * error.
 */
export function checkForm(schema: object | boolean, Validator: Validator): void {
  const form = formOf(Validator);
  if (form.validateSchema(schema) === true) return;
  const [first] = form.errors ?? [];
  const path = (first?.instancePath ?? "").split("/").slice(1).map(unescapePointer);
  throw new UnusableSchema(
    `Not a valid JSON Schema: ${sentence(first?.message ?? "it does not match the meta-schema")}`,
    path,
  );
}

function formOf(Validator: Validator): Ajv {
  let form = forms.get(Validator);
  if (form === undefined) {
    form = addKeywords(new Validator({ strict: false, logger: false, validateFormats: false }));
    forms.set(Validator, form);
  }
  return form;
}
