import type { DeadLetterFilter, DeadLetterGroup } from "../../store/index.ts";

/** The dead letters that a task processes, counted in its first step. */
export interface DeadLetterRange {
  readonly total: number;
  /** Time of the latest death that the task includes, in ms. */
  readonly deadUntil: number;
}

type CountGroups = (filter: DeadLetterFilter) => Promise<readonly DeadLetterGroup[]>;

/**
 * Returns a filter without the dead letters that died after `deadUntil`. So a redrive never sends
 * its own failures again, and a drop removes nothing that its caller could not have seen.
 */
export function deadBefore(filter: DeadLetterFilter, deadUntil: number): DeadLetterFilter {
  return { ...filter, before: Math.min(filter.before ?? Number.MAX_SAFE_INTEGER, deadUntil + 1) };
}

/**
 * Counts the dead letters of a task. Usually they died no later than `createdAt`. If one died later
 * than `now`, the clock has been set back since its death. Then its time says nothing about the
 * task, and the range extends to that time.
 */
export async function rangeOf(
  count: CountGroups,
  filter: DeadLetterFilter,
  { createdAt, now }: { readonly createdAt: number; readonly now: number },
): Promise<DeadLetterRange> {
  const groups = await count(filter);
  const latest = groups.reduce((at, { lastDeadAt }) => Math.max(at, lastDeadAt), createdAt);
  if (latest === createdAt || latest > now) return { total: countOf(groups), deadUntil: latest };
  return { total: countOf(await count(deadBefore(filter, createdAt))), deadUntil: createdAt };
}

function countOf(groups: readonly DeadLetterGroup[]): number {
  return groups.reduce((sum, { count }) => sum + count, 0);
}
