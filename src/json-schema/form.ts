/** Is something a schema at all? That is what the schemas of schemas say. */
import type { Ajv } from "ajv";
import type { Ajv2020 } from "ajv/dist/2020.js";
import { sentence, unescapePointer } from "./findings.ts";
import { free } from "./meter.ts";
import { UnusableSchema } from "./unusable-schema.ts";
import { areUnique } from "./values.ts";

/** The validator of a dialect. */
export type Validator = typeof Ajv | typeof Ajv2020;

/** Made at the first use. */
const forms = new Map<Validator, Ajv>();

/** Throws `UnusableSchema` with the place where it is none. */
export function checkForm(schema: object | boolean, Validator: Validator): void {
  const form = formOf(Validator);
  if (form.validateSchema(schema) === true) return;
  const [first] = form.errors ?? [];
  const path = (first?.instancePath ?? "").split("/").slice(1).map(unescapePointer);
  throw new UnusableSchema(
    `Not a JSON Schema: ${sentence(first?.message ?? "it does not have the form of one")}`,
    path,
  );
}

function formOf(Validator: Validator): Ajv {
  let form = forms.get(Validator);
  if (form === undefined) {
    form = new Validator({ strict: false, logger: false, validateFormats: false });
    // That of the validator compares each with each, and an enum may have thousands.
    form.removeKeyword("uniqueItems");
    form.addKeyword({
      keyword: "uniqueItems",
      type: "array",
      schemaType: "boolean",
      error: { message: "must NOT have duplicate items" },
      validate: (wanted: boolean, items: readonly unknown[]) => !wanted || areUnique(items, free),
    });
    forms.set(Validator, form);
  }
  return form;
}
