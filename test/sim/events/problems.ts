import { Problem } from "../../../src/core/problem.ts";

/** Ignores the error of an operation on something that has been deleted. */
export function unlessGone(error: unknown): void {
  unless(error, "not_found");
}

/** Ignores a problem with one of these codes and throws any other error. */
export function unless(error: unknown, ...codes: readonly string[]): void {
  if (!(error instanceof Problem && codes.includes(error.code))) throw error;
}
