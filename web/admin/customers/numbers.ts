import { formatCount } from "../../kit/format.ts";
import { counted } from "../../kit/words.ts";

/** The counts of `GET /api/v1/overview/app/{app}` stop here. */
const COUNT_MAX = 100_000;

/** Formats a count that may have stopped at the maximum. */
export function orMore(count: number): string {
  return formatCount(count) + (count >= COUNT_MAX ? " or more" : "");
}

/** Returns such a count with its word. */
export function atLeast(count: number, singular: string, plural?: string): string {
  return (count >= COUNT_MAX ? "at least " : "") + counted(count, singular, plural);
}
