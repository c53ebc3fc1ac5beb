/**
 * What helps against an error of PostgreSQL, by its SQLSTATE, or by the code of the client if the server has
 * sent none. The first match applies.
 */
const ADVICE: ReadonlyArray<readonly [code: RegExp, advice: string]> = [
  [/^28/, "Check the user and the password in the URL of the database, and pg_hba.conf on its server"],
  [/^3D000$/, "Create the database, or set the URL of another one"],
  [/^(42501|3F000)$/, "Grant the missing rights to the user in the URL of the database"],
  [/^25006$/, "Set the URL of the primary server: this one is a standby or read-only"],
  [/^53100$/, "Free space on the disk of the PostgreSQL server"],
  [/^53300$/, "Raise max_connections of the PostgreSQL server, or close connections of others"],
  [/^(53|58)/, "Check the memory, the disk and the log of the PostgreSQL server"],
  [/^57P/, "Wait until the PostgreSQL server accepts connections again, or start it"],
  [/^57014$/, "If statement_timeout is set for the database or its user, raise it"],
  [/^55P03$/, "If lock_timeout is set for the database or its user, raise it"],
  [/^25P0[34]$/, "Raise idle_in_transaction_session_timeout and transaction_timeout for the database or its user"],
  [/^42(P01|703)$/, "The tables are not those of this version: restore a backup, or set the URL of another database"],
  [/^42(601|883)$/, "The PostgreSQL server may be too old: Boathook is tested with version 15 and later"],
  [/^XX00[12]$/, "Stored data are damaged: check the disk of the PostgreSQL server, and restore a backup if necessary"],
  [/^ERR_POSTGRES_TLS/, "Set up TLS on the PostgreSQL server, or change sslmode in the URL of the database"],
  [
    /^(08|ERR_POSTGRES_CONNECTION)/,
    "Check that the PostgreSQL server runs and can be reached at the address in its URL",
  ],
];

/** What to do about a statement that a limit of this program has ended. */
function ownLimitAdvice(ownLimitMs: number): string {
  const limit = `Boathook ends such a statement after ${Math.round(ownLimitMs / 100) / 10} seconds`;
  return `${limit}: pg_stat_activity shows which session holds a lock, or what makes the server slow`;
}

/** Returns what to do about an error of a PostgreSQL client, without a period. Null if nothing is known to help. */
export function databaseAdvice(error: unknown): string | null {
  const { code, errno, ownLimitMs } = Object(error) as Readonly<Record<string, unknown>>;
  if (typeof ownLimitMs === "number") return ownLimitAdvice(ownLimitMs);
  const known = typeof errno === "string" ? errno : code;
  if (typeof known !== "string") return null;
  return ADVICE.find(([codes]) => codes.test(known))?.[1] ?? null;
}

/** Returns the message of an error of a PostgreSQL client, and what to do about it, as whole sentences. */
export function explainedDatabaseError(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const advice = databaseAdvice(error);
  return [message.replace(/[.\s]+$/, ""), ...(advice === null ? [] : [advice])].map((text) => `${text}.`).join(" ");
}
