import type { DeadLetterFilter, DeadLetterGroup } from "../../store/index.ts";

/**
 * Returns a filter without the dead letters that died after a task was created. So a redrive never
 * sends its own failures again, and a drop removes nothing that its caller could not have seen.
 */
export function deadBefore(filter: DeadLetterFilter, createdAt: number): DeadLetterFilter {
  return { ...filter, before: Math.min(filter.before ?? Number.MAX_SAFE_INTEGER, createdAt + 1) };
}

export function countOf(groups: readonly DeadLetterGroup[]): number {
  return groups.reduce((sum, { count }) => sum + count, 0);
}
