import { StoreUnavailable } from "../index.ts";

/** Returns the SQLite code of an error, such as `SQLITE_FULL`, or an empty text. */
export function codeOf(error: unknown): string {
  return typeof error === "object" && error !== null && "code" in error ? String(error.code) : "";
}

/** Returns whether the cause of an error is the disk or the file, and not the statement. */
export function isDiskError(error: unknown): boolean {
  if (error instanceof StoreUnavailable) return true;
  return /^SQLITE_(FULL|IOERR|READONLY|CANTOPEN|CORRUPT|NOTADB|BUSY|NOMEM)/.test(codeOf(error));
}

/** Returns whether an error means that the database file itself is damaged. */
export function isDamage(error: unknown): boolean {
  return /^SQLITE_(CORRUPT|NOTADB)/.test(codeOf(error));
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
