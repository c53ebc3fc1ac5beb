import type { ApplicationExclusion, ApplicationName, ApplicationSearch } from "../index.ts";
import { Conditions } from "./page.ts";

/** The condition of the applications from `$from` to `$to` in the list of an environment. */
export const LISTED = `environment_seq = $environmentSeq AND deleted_at IS NULL AND operational = 0 AND source_seq IS NULL
  AND seq >= $from AND seq < $to`;

const ENDPOINTS = "EXISTS (SELECT 1 FROM endpoint e WHERE e.application_seq = a.seq AND e.deleted_at IS NULL";

/** Returns the conditions on the application `a` of a list that excludes others. */
export function excluding(exclude: ApplicationExclusion | null): Conditions {
  const where = new Conditions();
  if (exclude === null) return where;
  const { withoutEndpoints, allDisabled, allAt } = exclude;
  if (withoutEndpoints) where.add(`${ENDPOINTS})`);
  if (allDisabled) where.add(`(NOT ${ENDPOINTS}) OR ${ENDPOINTS} AND e.disabled = 0))`);
  if (allAt !== null) {
    where.add(`(NOT ${ENDPOINTS}) OR ${ENDPOINTS} AND substr(e.url, 1, length($at)) <> $at))`, { at: allAt });
  }
  return where;
}

/** What a search compares. */
export type ComparedName = Omit<ApplicationName, "sourceSeq">;

/**
 * Returns whether an application has the number of the search, or its text in the name or uid.
 * Ignores case. SQLite ignores the case of ASCII letters only, so TypeScript compares the names.
 */
export function applicationMatcher({ text, seq }: ApplicationSearch): (row: ComparedName) => boolean {
  const wanted = text.toLowerCase();
  return (row) =>
    row.seq === seq || row.name.toLowerCase().includes(wanted) || (row.uid?.toLowerCase().includes(wanted) ?? false);
}
