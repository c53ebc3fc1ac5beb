import { type ExactObject, parseExact } from "../core/exact-json.ts";
import { Invalid } from "../core/problem.ts";
import { compileFilter } from "./compile.ts";
import type { Condition } from "./condition.ts";
import { evaluate } from "./evaluate.ts";
import { explain } from "./explain.ts";
import { weightOf } from "./expression.ts";
import { type FilteredMessage, MessageView } from "./message-view.ts";
import { FilterMeter, filterStepsMax, TooCostly } from "./meter.ts";

/** Filters are checked synchronously, so one meter is enough. */
const meter = new FilterMeter();

/** Steps that each filter costs at least. */
const STEPS_MIN = 5;

/**
 * Maximum number of steps of all filters for one message. It takes well below a second. Filters that
 * have no steps left match.
 */
export const messageStepsMax = 5 * filterStepsMax;

/** Maximum number of steps of an explanation. It evaluates conditions again. */
const EXPLANATION_STEPS_MAX = filterStepsMax;

/** Memory for a compiled expression: at least, and for each unit of its weight. */
const EXPRESSION_BYTES = 64 * 1024;
const BYTES_PER_WEIGHT = 900;

/** The result of checking one filter. */
export interface FilterResult {
  readonly matches: boolean;
  readonly steps: number;
}

/** A compiled filter of an endpoint. */
export class Filter {
  /** Memory for the compiled expressions, in bytes as estimated. */
  readonly expressionBytes: number;

  /** `condition` is null if the filter cannot be used. Then it matches every message. */
  constructor(private readonly condition: Condition | null) {
    this.expressionBytes = condition === null ? 0 : bytesOfExpressions(condition);
  }

  /**
   * Checks a message. A filter that would take too long matches, because a message that is delivered
   * without need does less harm than a lost one.
   */
  check(message: MessageView): FilterResult {
    if (this.condition === null) return { matches: true, steps: STEPS_MIN };
    meter.start();
    try {
      const matches = evaluate(this.condition, message, meter) === true;
      return { matches, steps: STEPS_MIN + meter.spent };
    } catch (error) {
      if (error instanceof TooCostly) return { matches: true, steps: filterStepsMax };
      throw error;
    }
  }

  /** Checks one message and explains the result: `payload.amount: 5 is not > 10`. */
  explain(message: FilteredMessage): { readonly matches: boolean; readonly because: string } {
    if (this.condition === null) {
      return {
        matches: true,
        because: "This version cannot use the stored filter, so every message matches. Save it again.",
      };
    }
    const view = new MessageView(message);
    const { matches } = this.check(view);
    meter.start(EXPLANATION_STEPS_MAX);
    try {
      return { matches, because: explain(this.condition, view, meter) };
    } catch (error) {
      if (!(error instanceof TooCostly)) throw error;
      return { matches, because: "The filter needs too many steps for this message. Such messages match." };
    }
  }
}

/** Compiles a valid filter. Throws 422 if it is invalid. */
export function filterOf(value: ExactObject): Filter {
  return new Filter(compileFilter(value));
}

/**
 * Compiles a stored filter, given as JSON. If an earlier version accepted a filter that this version
 * cannot use, it matches every message: an upgrade must not lose messages.
 */
export function storedFilter(text: string): Filter {
  try {
    return filterOf(parseExact(text) as ExactObject);
  } catch (error) {
    if (error instanceof Invalid) return new Filter(null);
    throw error;
  }
}

function bytesOfExpressions(condition: Condition): number {
  switch (condition.kind) {
    case "and":
    case "or":
      return condition.parts.reduce((sum, part) => sum + bytesOfExpressions(part), 0);
    case "not":
      return bytesOfExpressions(condition.part);
    case "test": {
      if (condition.predicate.op !== "regex") return 0;
      const { source, flags } = condition.predicate.expression;
      return EXPRESSION_BYTES + weightOf(source, flags) * BYTES_PER_WEIGHT;
    }
  }
}
