import { databaseAdvice } from "../core/database-advice.ts";

/**
 * SQLSTATE classes of errors that a retry does not change: the user or the password is wrong, the
 * database does not exist, or the statements do not fit the table or the user's rights.
 */
const FINAL = /^(28|3D|3F|42)/;

/** The database is out of reach, or refuses a statement. */
export class DatabaseError extends Error {
  override readonly name = "DatabaseError";

  constructor(
    message: string,
    /** Whether a retry cannot help. */
    readonly isFinal: boolean,
  ) {
    super(message);
  }
}

/** Returns the error of a database at `place` for an error of the driver. Throws any other error. */
export function databaseError(place: string, error: unknown): DatabaseError {
  if (error instanceof DatabaseError) return error;
  const { code, errno } = Object(error) as { readonly code?: unknown; readonly errno?: unknown };
  // An error without a code does not come from the driver.
  if (!(error instanceof Error) || typeof code !== "string") throw error;
  const message = error.message.replace(/[.\s]+$/, "");
  const advice = databaseAdvice(error);
  return new DatabaseError(
    `The database at ${place} cannot be used (${message}).${advice === null ? "" : ` ${advice}.`}`,
    typeof errno === "string" && FINAL.test(errno),
  );
}
