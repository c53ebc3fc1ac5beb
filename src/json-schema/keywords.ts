import type { Ajv } from "ajv";
import { areUnique, isMultipleOf } from "./values.ts";

/**
 * Replaces two keywords of the validator. Its `uniqueItems` compares all pairs of items, and its
 * `multipleOf` divides binary fractions, so that 19.99 would not be a multiple of 0.01.
 */
export function addKeywords(ajv: Ajv): Ajv {
  for (const name of ["uniqueItems", "multipleOf"]) ajv.removeKeyword(name);
  ajv.addKeyword({
    keyword: "uniqueItems",
    type: "array",
    schemaType: "boolean",
    error: { message: "must NOT have duplicate items" },
    validate: (wanted: boolean, items: readonly unknown[]) => !wanted || areUnique(items),
  });
  ajv.addKeyword({
    keyword: "multipleOf",
    type: "number",
    schemaType: "number",
    error: { message: ({ schema }) => `must be multiple of ${schema}` },
    compile(divisor: number) {
      if (divisor <= 0) throw new Error("multipleOf must be > 0");
      return (value: number) => isMultipleOf(value, divisor);
    },
  });
  return ajv;
}
