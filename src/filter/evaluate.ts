import type { Condition, Expression, Predicate, Step, Test } from "./condition.ts";
import { compareDecimals, compareTexts } from "./decimal.ts";
import type { JsonView } from "./json-view.ts";
import type { MessageView } from "./message-view.ts";
import type { FilterMeter } from "./meter.ts";
import { contains } from "./values.ts";

/**
 * Null if the condition is about a payload that is not JSON. Such a condition does not hold, and
 * neither does its negation.
 */
export type Truth = boolean | null;

/** Cost of a test and of each value that it looks at, in steps. */
const STEPS_PER_TEST = 3;
const STEPS_PER_VALUE = 1;
/**
 * Cost of one instruction of an expression at one character, in steps. A search takes up to about
 * 70 ns for each when its expression defeats the cache of the library, and usually a tenth of that.
 */
const STEPS_PER_INSTRUCTION = 0.5;

/** Returns whether a message fulfils a condition. Throws `TooCostly`. */
export function evaluate(condition: Condition, message: MessageView, meter: FilterMeter): Truth {
  switch (condition.kind) {
    case "test":
      return testHolds(condition, message, meter);
    case "not": {
      const truth = evaluate(condition.part, message, meter);
      return truth === null ? null : !truth;
    }
    case "and":
    case "or": {
      const decisive = condition.kind === "or";
      let result: Truth = !decisive;
      for (const part of condition.parts) {
        const truth = evaluate(part, message, meter);
        if (truth === decisive) return decisive;
        if (truth === null) result = null;
      }
      return result;
    }
  }
}

function testHolds(test: Test, message: MessageView, meter: FilterMeter): Truth {
  const { place, predicate, isNegated } = test;
  meter.spend(STEPS_PER_TEST);
  if (place.in === "payload") {
    const { payload } = message;
    if (payload === null) return null;
    return someValue(payload, place.path, 0, (value) => fulfils(predicate, value, meter), meter) !== isNegated;
  }
  const value = place.in === "eventType" ? message.eventType : message.header(place.name);
  return (value !== undefined && fulfils(predicate, value, meter)) !== isNegated;
}

/**
 * Returns whether one of the values at a path fulfils the predicate. A path goes into the items of an
 * array that are objects, and a name that is an index selects an item. An array at the end of the path
 * stands for itself and for each of its items.
 */
export function someValue(
  value: JsonView,
  path: readonly Step[],
  at: number,
  predicate: (value: JsonView) => boolean,
  meter: FilterMeter,
): boolean {
  meter.spend(STEPS_PER_VALUE);
  const step = path[at];
  if (step === undefined) {
    if (predicate(value)) return true;
    if (value.kind !== "array") return false;
    return value.items(meter).some((item) => {
      meter.spend(STEPS_PER_VALUE);
      return predicate(item);
    });
  }
  if (value.kind === "object") {
    const field = value.field(step.name, meter);
    return field !== undefined && someValue(field, path, at + 1, predicate, meter);
  }
  if (value.kind !== "array") return false;
  const items = value.items(meter);
  const indexed = step.index < 0 ? undefined : items[step.index];
  if (indexed !== undefined && someValue(indexed, path, at + 1, predicate, meter)) return true;
  return items.some((item) => item.kind === "object" && someValue(item, path, at, predicate, meter));
}

/** Returns whether one value fulfils a predicate. Throws `TooCostly`. */
export function fulfils(predicate: Predicate, value: JsonView, meter: FilterMeter): boolean {
  switch (predicate.op) {
    case "exists":
    case "any":
      return true;
    case "eq":
    case "in":
      return contains(predicate.set, value, meter);
    case "gt":
    case "gte":
    case "lt":
    case "lte":
      return isOrdered(predicate.op, value, predicate.operand, meter);
    case "startsWith":
      return value.kind === "string" && value.string(meter).startsWith(predicate.text);
    case "endsWith":
      return value.kind === "string" && value.string(meter).endsWith(predicate.text);
    case "regex":
      return value.kind === "string" && isFound(predicate.expression, value.string(meter), meter);
  }
}

function isOrdered(op: "gt" | "gte" | "lt" | "lte", value: JsonView, operand: JsonView, meter: FilterMeter): boolean {
  if (value.kind !== operand.kind) return false;
  const order =
    value.kind === "number"
      ? compareDecimals(value.decimal(meter), operand.decimal(meter))
      : textOrder(value.string(meter), operand.string(meter), meter);
  switch (op) {
    case "gt":
      return order > 0;
    case "gte":
      return order >= 0;
    case "lt":
      return order < 0;
    case "lte":
      return order <= 0;
  }
}

function textOrder(value: string, operand: string, meter: FilterMeter): number {
  meter.spendOnText(Math.min(value.length, operand.length));
  return compareTexts(value, operand);
}

function isFound({ compiled, instructions }: Expression, text: string, meter: FilterMeter): boolean {
  meter.spend(text.length * instructions * STEPS_PER_INSTRUCTION);
  return compiled.test(text);
}
