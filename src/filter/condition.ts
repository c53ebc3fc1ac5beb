import type { RE2JS } from "re2js";
import type { JsonView } from "./json-view.ts";

/** A filter as a tree of conditions. */
export type Condition =
  | { readonly kind: "and" | "or"; readonly parts: readonly Condition[] }
  | { readonly kind: "not"; readonly part: Condition }
  | Test;

/** Where a test finds its values. */
export type Place =
  | { readonly in: "payload"; readonly path: readonly Step[] }
  | { readonly in: "headers"; readonly name: string }
  | { readonly in: "eventType" };

/** One name of a path. */
export interface Step {
  readonly name: string;
  /** The name as an index, or -1 if it is none. */
  readonly index: number;
}

/** A condition on the values at one place. */
export interface Test {
  readonly kind: "test";
  readonly place: Place;
  /** The place as in the filter: `payload.amount`. */
  readonly label: string;
  readonly predicate: Predicate;
  /** Whether the test holds if no value fulfils the predicate: `$ne`, `$nin` and `$exists: false`. */
  readonly isNegated: boolean;
}

export type Predicate =
  | { readonly op: "exists" }
  /** Holds for every value, and for a JSON payload of any kind. */
  | { readonly op: "any" }
  | { readonly op: "eq"; readonly operand: JsonView; readonly set: ValueSet }
  | { readonly op: "in"; readonly operand: JsonView; readonly set: ValueSet }
  | { readonly op: "gt" | "gte" | "lt" | "lte"; readonly operand: JsonView }
  | { readonly op: "startsWith" | "endsWith"; readonly text: string }
  | { readonly op: "regex"; readonly expression: Expression };

/** The operands of `$eq` or `$in`, by kind. */
export interface ValueSet {
  readonly strings: ReadonlySet<string>;
  /** Canonical texts of numbers, booleans and null. */
  readonly scalars: ReadonlySet<string>;
  /** Canonical texts of objects and arrays. */
  readonly nested: ReadonlySet<string>;
}

/** A regular expression that is matched in linear time. */
export interface Expression {
  readonly source: string;
  readonly flags: string;
  readonly compiled: RE2JS;
  readonly instructions: number;
}
