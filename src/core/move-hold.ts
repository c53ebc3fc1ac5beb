import type { Seq } from "./id.ts";

/** What precedes the point is the number of the hold. */
const NUMBERED = /^(\d{1,16})\./;

/** Returns the id of a hold. `number` must be greater than those of earlier holds; `unique` tells it from all others. */
export function holdId(number: Seq, unique: string): string {
  return `${number}.${unique}`;
}

/** Returns whether a hold began before another one. Returns false if one of the ids contains no number. */
export function isEarlierHold(hold: string, other: string | null): boolean {
  const [number, otherNumber] = [holdNumber(hold), holdNumber(other ?? "")];
  return number !== null && otherNumber !== null && number < otherNumber;
}

/** Returns the number of a hold. Null if its id contains none, such as one of an earlier version. */
export function holdNumber(hold: string): Seq | null {
  const number = NUMBERED.exec(hold)?.[1];
  return number === undefined ? null : Number(number);
}
