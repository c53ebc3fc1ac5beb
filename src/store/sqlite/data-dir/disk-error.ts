import { ApplicationDeparted, StoreUnavailable } from "../../index.ts";
import type { Trouble } from "../../sql/store-health.ts";

/** Returns the SQLite code of an error, such as `SQLITE_FULL`, or an empty text. */
export function codeOf(error: unknown): string {
  return typeof error === "object" && error !== null && "code" in error ? String(error.code) : "";
}

/** Returns whether an error is caused by the disk or the file, not by the statement. */
export function isDiskError(error: unknown): boolean {
  if (error instanceof StoreUnavailable) return !(error instanceof ApplicationDeparted);
  return /^SQLITE_(FULL|IOERR|READONLY|CANTOPEN|CORRUPT|NOTADB|BUSY|NOMEM)/.test(codeOf(error));
}

/** Returns whether an error means that the disk is full. */
export function isFull(error: unknown): boolean {
  return codeOf(error) === "SQLITE_FULL";
}

/** Returns whether an error means that the database file is damaged. */
export function isDamage(error: unknown): boolean {
  return /^SQLITE_(CORRUPT|NOTADB)/.test(codeOf(error));
}

export function troubleOf(error: unknown): Trouble {
  return { message: messageOf(error), damaged: isDamage(error), full: isFull(error) };
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
