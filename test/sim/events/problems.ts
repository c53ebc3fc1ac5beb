import { Problem } from "../../../src/core/problem.ts";

/** Ignores that the thing was deleted in the meantime. */
export function unlessGone(error: unknown): void {
  unless(error, "not_found");
}

/** Ignores a problem with one of these codes; throws every other error. */
export function unless(error: unknown, ...codes: readonly string[]): void {
  if (!(error instanceof Problem && codes.includes(error.code))) throw error;
}
