import type { ExactJson, ExactObject } from "../core/exact-json.ts";
import { exactText } from "../core/exact-json.ts";
import type { ValueSet } from "./condition.ts";
import { type JsonView, viewOf } from "./json-view.ts";
import { FilterMeter } from "./meter.ts";

/** Operands are read once, when a filter is compiled, and their size is limited. */
const unlimited = new FilterMeter();

/** Returns whether a value is an object. Raw numbers are objects, too. */
export function isObject(value: unknown): value is ExactObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function operandOf(value: ExactJson): JsonView {
  return viewOf(Buffer.from(exactText(value)));
}

export function setOf(operands: readonly JsonView[]): ValueSet {
  const [strings, scalars, nested] = [new Set<string>(), new Set<string>(), new Set<string>()];
  unlimited.start(Number.POSITIVE_INFINITY);
  for (const operand of operands) {
    if (operand.kind === "string") strings.add(operand.string(unlimited));
    else if (operand.kind === "object" || operand.kind === "array") nested.add(operand.canonical(unlimited));
    else scalars.add(operand.canonical(unlimited));
  }
  return { strings, scalars, nested };
}

/** Returns whether the set contains an equal value. */
export function contains({ strings, scalars, nested }: ValueSet, value: JsonView, meter: FilterMeter): boolean {
  switch (value.kind) {
    case "string":
      return strings.size > 0 && strings.has(value.string(meter));
    case "object":
    case "array":
      return nested.size > 0 && nested.has(value.canonical(meter));
    default:
      return scalars.size > 0 && scalars.has(value.canonical(meter));
  }
}
