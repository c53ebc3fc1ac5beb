/** Conversions between rows and values. */

export function jsonOrNull(value: unknown): string | null {
  return value === null || value === undefined ? null : JSON.stringify(value);
}

export function parsed<T>(text: string): T {
  return JSON.parse(text) as T;
}

export function parsedOrNull<T>(text: string | null): T | null {
  return text === null ? null : (JSON.parse(text) as T);
}

/** The codes of a violated unique constraint: SQLite's two, and the SQLSTATE of PostgreSQL. */
const UNIQUE_CONFLICTS: readonly unknown[] = ["SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY", "23505"];

/** Returns whether an error is a violation of a unique constraint. */
function isUniqueConflict(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code, errno } = error as { readonly code?: unknown; readonly errno?: unknown };
  return UNIQUE_CONFLICTS.includes(code) || UNIQUE_CONFLICTS.includes(errno);
}

/** Resolves to `taken` if a write fails because a unique value is already in use. */
export async function orTaken<T>(write: Promise<T>): Promise<T | "taken"> {
  try {
    return await write;
  } catch (error) {
    if (isUniqueConflict(error)) return "taken";
    throw error;
  }
}

/** Resolves to true, or to false if the write fails because a unique value is already in use. */
export async function unlessTaken(write: Promise<unknown>): Promise<boolean> {
  return (await orTaken(write)) !== "taken";
}
