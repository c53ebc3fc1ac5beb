/** Statements about the rows of the table `instance`. `$1` and `$2` are the slot and the fence of this process. */

const IS_OURS = "slot = $1 AND fence = $2 AND held";

/** Evicts the processes whose lease has expired. */
export const EVICT_EXPIRED = `WITH expired AS (
    SELECT slot FROM instance WHERE held AND expires_at <= clock_timestamp() FOR UPDATE SKIP LOCKED)
  UPDATE instance i SET fence = fence + 1, held = false, serves = false FROM expired WHERE i.slot = expired.slot`;

/** Holds for a row whose owner, in its columns `slot` and `fence`, is a process that is alive. */
export const hasLiveOwner = (row: string): string => `EXISTS (SELECT 1 FROM instance i
  WHERE i.slot = ${row}.slot AND i.fence = ${row}.fence AND i.expires_at > clock_timestamp())`;

/** The time of the database's clock, in ms since the Unix epoch. */
export const DATABASE_TIME = `(extract(epoch FROM clock_timestamp()) * 1000)::float8 AS time`;

/**
 * Takes a row that no process has, for a lease of `$1` ms and the owner `$2`. Numbers that an evicted process has
 * reserved lie in the future, so its row is used last. If the connection was lost while this process took a
 * row, it does not know which one it has, so it first gives back all rows with its name.
 */
export const TAKE = `WITH unknown AS (UPDATE instance SET held = false, serves = false, expires_at = '-infinity' WHERE owner = $2 AND held),
      free AS (SELECT slot FROM instance WHERE NOT held ORDER BY reached, slot LIMIT 1 FOR UPDATE SKIP LOCKED)
    UPDATE instance i SET fence = fence + 1, commits = 0, held = true, serves = false, owner = $2,
      expires_at = clock_timestamp() + $1 * interval '1 ms'
    FROM free WHERE i.slot = free.slot RETURNING i.slot, i.fence, i.reached`;

/** Extends the lease by `$4` ms, and reserves the numbers up to `$3`. The process commits no number up to `$5`. */
export const RENEW = `UPDATE instance SET reached = GREATEST(reached, $3), floor = GREATEST(floor, $5),
    expires_at = clock_timestamp() + $4 * interval '1 ms' WHERE ${IS_OURS} RETURNING ${DATABASE_TIME}`;

/**
 * Raises the floor to `$3`, unless a transaction of this process has locked the row: that one raises it too. Another
 * process only waits longer if this is lost, so it need not be durable.
 */
export const RAISE_FLOOR = `WITH setting AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true) AS value),
    own AS (SELECT slot FROM instance WHERE ${IS_OURS} AND floor < $3 FOR UPDATE SKIP LOCKED)
  UPDATE instance i SET floor = $3 FROM setting, own WHERE i.slot = own.slot AND setting.value IS NOT NULL`;

/** Reads the number of the last commit, after waiting for one that is under way. */
export const LAST_COMMIT = `SELECT commits FROM instance
  WHERE slot = $1 AND (fence = $2 OR (fence = $2 + 1 AND NOT held)) FOR UPDATE`;

/** Gives the row back. Numbers up to `$3` are used. */
export const GIVE_BACK = `UPDATE instance SET reached = $3, held = false, serves = false, expires_at = '-infinity' WHERE ${IS_OURS}`;

/** Gives back a row that was never used. */
export const DROP = `UPDATE instance SET held = false WHERE ${IS_OURS}`;
