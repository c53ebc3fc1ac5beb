import { explainedDatabaseError } from "../../core/database-advice.ts";
import { StartError } from "../../core/start-error.ts";
import { maskPassword } from "../../core/url-password.ts";
import { StoreUnavailable } from "../index.ts";
import { isServerError } from "./connection/errors.ts";

/**
 * Returns the error to show if a database cannot be opened or used: what happened, which database, and what to do.
 * Returns other errors, such as defects, unchanged.
 */
export function databaseError(error: unknown, url: string): unknown {
  if (!(error instanceof StoreUnavailable) && !isServerError(error)) return error;
  const cause = error instanceof StoreUnavailable ? (error.cause ?? error) : error;
  return new StartError(`The database ${maskPassword(url)} cannot be used: ${explainedDatabaseError(cause)}`, {
    cause,
  });
}
