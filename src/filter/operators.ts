import { type ExactJson, isRawNumber } from "../core/exact-json.ts";
import { invalid } from "../core/problem.ts";
import type { Place, Predicate, Test } from "./condition.ts";
import { exponentMax } from "./decimal.ts";
import { expressionOf, expressionsWeightMax, optionsProblem, weightOf } from "./expression.ts";
import { FilterMeter } from "./meter.ts";
import { operandOf, setOf } from "./values.ts";

type Loc = readonly string[];

/** Maximum number of `$regex` in a filter. */
export const expressionsMax = 20;

const KNOWN =
  "$eq, $ne, $gt, $gte, $lt, $lte, $in, $nin, $exists, $startsWith, $endsWith, $regex, $options, $and, $or, $not";

interface Operation {
  /** With its `$`. */
  readonly name: string;
  readonly operand: ExactJson;
  /** The value of `$options` beside the operator. */
  readonly options: ExactJson | undefined;
}

/** Compiles the operators of one filter. */
export class Operators {
  #expressions = 0;
  #expressionsWeight = 0;

  equality(place: Place, label: string, operand: ExactJson): Test {
    return { kind: "test", place, label, predicate: equal(operand), isNegated: false };
  }

  /** Throws 422 if the operator is unknown or its operand is invalid. `loc` is the place of the operator. */
  test(place: Place, label: string, operation: Operation, loc: Loc): Test {
    const { name, operand } = operation;
    const isNegated = name === "$ne" || name === "$nin" || (name === "$exists" && operand === false);
    return { kind: "test", place, label, predicate: this.#predicate(operation, loc), isNegated };
  }

  #predicate({ name, operand, options }: Operation, loc: Loc): Predicate {
    switch (name) {
      case "$eq":
      case "$ne":
        return equal(operand);
      case "$in":
      case "$nin":
        if (!Array.isArray(operand)) throw invalid(loc, "Must be a list.");
        return { op: "in", operand: operandOf(operand), set: setOf(operand.map(operandOf)) };
      case "$gt":
      case "$gte":
      case "$lt":
      case "$lte":
        return { op: name.slice(1) as "gt" | "gte" | "lt" | "lte", operand: orderedOperand(operand, loc) };
      case "$exists":
        if (typeof operand !== "boolean") throw invalid(loc, "Must be true or false.");
        return { op: "exists" };
      case "$startsWith":
      case "$endsWith":
        return { op: name === "$startsWith" ? "startsWith" : "endsWith", text: textOperand(operand, loc) };
      case "$regex":
        return this.#regex(textOperand(operand, loc), options, loc);
      case "$options":
        throw invalid(loc, "Must stand beside $regex.");
      default:
        throw invalid(loc, `Unknown operator. Available: ${KNOWN}.`);
    }
  }

  #regex(source: string, options: ExactJson = "", loc: Loc): Predicate {
    const optionsLoc = [...loc.slice(0, -1), "$options"];
    if (typeof options !== "string") throw invalid(optionsLoc, "Must be a string.");
    const problem = optionsProblem(options);
    if (problem !== null) throw invalid(optionsLoc, problem);
    if (++this.#expressions > expressionsMax) {
      throw invalid(loc, `A filter must not have more than ${expressionsMax} expressions.`);
    }
    this.#expressionsWeight += weightOf(source, options);
    if (this.#expressionsWeight > expressionsWeightMax) {
      const rule = `The expressions of a filter must not be longer than ${expressionsWeightMax} characters together`;
      throw invalid(loc, `${rule}. Unicode classes count as longer, and so do wide ranges if case is ignored.`);
    }
    const expression = expressionOf(source, options);
    if ("problem" in expression) throw invalid(loc, expression.problem);
    return { op: "regex", expression };
  }
}

function equal(value: ExactJson): Predicate {
  const operand = operandOf(value);
  return { op: "eq", operand, set: setOf([operand]) };
}

function textOperand(operand: ExactJson, loc: Loc): string {
  if (typeof operand !== "string") throw invalid(loc, "Must be a string.");
  return operand;
}

function orderedOperand(operand: ExactJson, loc: Loc) {
  const isNumber = typeof operand === "number" || isRawNumber(operand);
  if (!isNumber && typeof operand !== "string") throw invalid(loc, "Must be a number or a string.");
  const view = operandOf(operand);
  const meter = new FilterMeter();
  meter.start();
  if (isNumber && Math.abs(view.decimal(meter).exponent) > exponentMax) {
    throw invalid(loc, `The exponent must be between -${exponentMax} and ${exponentMax}.`);
  }
  return view;
}
