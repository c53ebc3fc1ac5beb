import type { Seq } from "../../../core/id.ts";

/**
 * A property of a row that a filter can match. A number stands for an endpoint that a message is
 * sent to.
 */
export type Trait = string | number;

/**
 * Builds traits. Different kinds cannot be confused, because event types contain only letters,
 * digits and `-_.`.
 */
export const trait = {
  eventType: (name: string): Trait => name,
  /** The trait of a failed attempt whose message has the trait `one`. */
  failedWith: (one: Trait): Trait => `f:${one}`,
  channel: (name: string): Trait => `c:${name}`,
  tag: (name: string): Trait => `t:${name}`,
  /**
   * The class of a response status. `hundreds` is the status divided by 100; 0 means no response.
   */
  statusClass: (hundreds: number): Trait => STATUS_CLASSES[hundreds] ?? ":other",
  failed: ":failed",
  endpoint: (seq: Seq): Trait => seq,
} as const;

const STATUS_CLASSES = [":0", ":1", ":2", ":3", ":4", ":5"];

/**
 * Returns the stored form of traits. Each trait is enclosed in bars, so that a search never matches
 * only part of a trait.
 */
export function textOf(traits: Iterable<Trait>): string {
  let text = "";
  for (const one of traits) text += typeof one === "number" ? `|#${one}|` : `|${one}|`;
  return text;
}

/** The conditions of a search. A matching row has at least one trait of each term. */
export type Terms = ReadonlyArray<readonly Trait[]>;
