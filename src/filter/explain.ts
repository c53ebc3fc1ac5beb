import type { Condition, Predicate, Test } from "./condition.ts";
import { evaluate, fulfils, someValue } from "./evaluate.ts";
import type { JsonView } from "./json-view.ts";
import type { MessageView } from "./message-view.ts";
import type { FilterMeter } from "./meter.ts";

/** Maximum size of a value in an explanation, in bytes of JSON. */
const SHOWN_BYTES_MAX = 100;

/** Returns the first condition that decided the result: `payload.amount: 5 is not > 10`. Throws `TooCostly`. */
export function explain(condition: Condition, message: MessageView, meter: FilterMeter): string {
  if (condition.kind === "test") return explainTest(condition, message, meter);
  if (condition.kind === "not") return explain(condition.part, message, meter);
  const [first] = condition.parts;
  if (first === undefined) return "The filter has no conditions.";
  const whole = evaluate(condition, message, meter);
  const decisive = condition.parts.find((part) => evaluate(part, message, meter) === whole);
  return explain(decisive ?? first, message, meter);
}

function explainTest(test: Test, message: MessageView, meter: FilterMeter): string {
  const { label, place, predicate, isNegated } = test;
  if (place.in === "payload" && message.payload === null) return "payload: it is not JSON";
  if (predicate.op === "any") return "payload: it is JSON";
  const { value, fulfilled, others } = decidingValue(test, message, meter);
  if (predicate.op === "exists") return `${label}: it ${value === null ? "is missing" : "exists"}`;
  const statement = phrase(predicate, fulfilled, isNegated);
  if (value === null) return `${label}: it is missing, so it ${statement}`;
  const more = others === 0 ? "" : `, and neither ${others === 1 ? "is another value" : `are ${others} other values`}`;
  return `${label}: ${shown(value)} ${statement}${fulfilled || isNegated ? "" : more}`;
}

interface Deciding {
  /** The value that fulfils the predicate, or else the first one. Null if there is none. */
  readonly value: JsonView | null;
  readonly fulfilled: boolean;
  /** Number of the other values that were compared, without the items of an array that `value` is. */
  readonly others: number;
}

function decidingValue({ place, predicate }: Test, message: MessageView, meter: FilterMeter): Deciding {
  const values: JsonView[] = [];
  const compare = (value: JsonView): boolean => {
    values.push(value);
    return fulfils(predicate, value, meter);
  };
  let fulfilled = false;
  if (place.in === "payload") {
    if (message.payload !== null) fulfilled = someValue(message.payload, place.path, 0, compare, meter);
  } else {
    const text = place.in === "eventType" ? message.eventType : message.header(place.name);
    fulfilled = text !== undefined && compare(text);
  }
  const value = (fulfilled ? values.at(-1) : values[0]) ?? null;
  return { value, fulfilled, others: value === null || value.kind === "array" ? 0 : values.length - 1 };
}

const SYMBOLS = { eq: "=", gt: ">", gte: ">=", lt: "<", lte: "<=" } as const;

/** Returns what is true of a value that fulfils the predicate or does not. */
function phrase(
  predicate: Exclude<Predicate, { op: "exists" | "any" }>,
  fulfilled: boolean,
  isNegated: boolean,
): string {
  const not = fulfilled ? "" : "not ";
  const does = fulfilled ? "" : "does not ";
  const s = fulfilled ? "s" : "";
  switch (predicate.op) {
    case "startsWith":
      return `${does}start${s} with ${JSON.stringify(predicate.text)}`;
    case "endsWith":
      return `${does}end${s} with ${JSON.stringify(predicate.text)}`;
    case "regex":
      return `${does}match${fulfilled ? "es" : ""} /${predicate.expression.source}/${predicate.expression.flags}`;
    case "in":
      return `is ${not}in ${shown(predicate.operand)}`;
    case "eq":
      if (isNegated) return `is ${fulfilled ? "not " : ""}!= ${shown(predicate.operand)}`;
      return `is ${not}= ${shown(predicate.operand)}`;
    default:
      return `is ${not}${SYMBOLS[predicate.op]} ${shown(predicate.operand)}`;
  }
}

function shown(value: JsonView): string {
  const text = value.source(SHOWN_BYTES_MAX);
  // The last character may have been cut in its middle.
  return value.sizeBytes <= SHOWN_BYTES_MAX ? text : `${text.replace(/\ufffd$/, "")}…`;
}
