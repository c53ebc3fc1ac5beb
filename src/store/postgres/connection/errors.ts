import { databaseAdvice } from "../../../core/database-advice.ts";
import { StoreUnavailable } from "../../index.ts";
import type { Trouble } from "../../sql/store-health.ts";

/** The code of an error that the server has sent (SQLSTATE), or an empty text. */
export function stateOf(error: unknown): string {
  const { errno } = (error ?? {}) as { readonly errno?: unknown };
  return typeof errno === "string" ? errno : "";
}

/**
 * SQLSTATEs that are caused by the server or the way to it, not by the statement: lost connections
 * (08), resources (53), shutdown and recovery (57P), a standby that became read-only (25006), an open
 * transaction that took too long (25P03, 25P04), a user who may not log in (28) or use a table (42501), a
 * database that was removed (3D000), input and output (58).
 */
const FROM_SERVER = /^(08|28|53|57P|25006|25P0[34]|3D000|42501|58)/;
/** SQLSTATEs of a statement that was cancelled: by hand or `statement_timeout`, or by `lock_timeout`. */
const CANCELLED = /^(57014|55P03)$/;

/** Returns whether an error is from the client of PostgreSQL or its server. */
export function isServerError(error: unknown): boolean {
  const { code } = (error ?? {}) as { readonly code?: unknown };
  return typeof code === "string" && code.startsWith("ERR_POSTGRES_");
}

/** Returns whether the server, or the connection to it, has failed. */
export function isOutage(error: unknown): boolean {
  if (error instanceof StoreUnavailable) return true;
  if (!isServerError(error)) return false;
  const { code } = error as { readonly code: string };
  return code === "ERR_POSTGRES_SERVER_ERROR" ? FROM_SERVER.test(stateOf(error)) : true;
}

/** Returns an error of a statement that a limit of this program has ended, not one of the operator. */
export function withOwnLimit(error: unknown, ownLimitMs: number): unknown {
  return Object.assign(error as object, { ownLimitMs });
}

/** Returns whether the server ended only this statement, because of a limit of time or a request of its operator. */
export function isCancelled(error: unknown): boolean {
  return CANCELLED.test(stateOf(error));
}

/** Returns whether an error means that stored data are damaged (SQLSTATE class XX, without XX000). */
function isDamage(error: unknown): boolean {
  return /^XX00[12]$/.test(stateOf(error));
}

export function troubleOf(error: unknown): Trouble {
  const cause = error instanceof StoreUnavailable ? (error.cause ?? error) : error;
  return { message: messageOf(error), damaged: isDamage(cause), full: stateOf(cause) === "53100" };
}

/** Returns whether the transaction failed only because of concurrent ones, so that it can be repeated. */
export function isConflict(error: unknown): boolean {
  return error instanceof LostRace || /^40(001|P01)$/.test(stateOf(error)) || isWithoutPartition(error);
}

/** Returns whether a row was refused because another instance has dropped the partition of its day. */
export function isWithoutPartition(error: unknown): boolean {
  return stateOf(error) === "23514" && /no partition/.test(messageOf(error));
}

/** Returns whether a statement failed only because an earlier one of its transaction has failed. */
export function isAftermath(error: unknown): boolean {
  return stateOf(error) === "25P02";
}

/** Another instance has committed the same key first. The transaction is repeated, and then finds it. */
export class LostRace extends Error {
  override readonly name = "LostRace";
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Returns the error for callers. `consequence` is a sentence: what did not happen because of `error`. */
export function unavailable(error: unknown, consequence: string): StoreUnavailable {
  if (error instanceof StoreUnavailable) return error;
  const advice = databaseAdvice(error);
  const sentences = [
    `PostgreSQL cannot be used (${messageOf(error)}).`,
    consequence,
    ...(advice === null ? [] : [`${advice}.`]),
  ];
  return new StoreUnavailable(sentences.join(" "), { cause: error });
}

/**
 * Runs a read. Repeats it once if its connection was lost, because the server may have ended a
 * connection that was idle, or if a concurrent transaction made it fail. Rejects with `StoreUnavailable`
 * if the server has not run it. Calls `onFailed` if the server cannot be used for other reads either: it
 * cannot be reached, or the data are damaged.
 */
export async function retried<T>(read: () => Promise<T>, onFailed: (error: StoreUnavailable) => void): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (isCancelled(error)) throw unavailable(error, "Nothing was read.");
    if (!isFailure(error) && !isConflict(error)) throw error;
  }
  try {
    return await read();
  } catch (error) {
    if (!isFailure(error) && !isConflict(error) && !isCancelled(error)) throw error;
    const unread = unavailable(error, "Nothing was read.");
    if (isFailure(error)) onFailed(unread);
    throw unread;
  }
}

const isFailure = (error: unknown): boolean => isOutage(error) || isDamage(error);
