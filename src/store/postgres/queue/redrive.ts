import type { Seq } from "../../../core/id.ts";
import type { Clock } from "../../../ports.ts";
import type { DeadLetterFilter, Dropped, Queue, Redriven } from "../../index.ts";
import { CAN_BE_REDRIVEN, deadLetterConditions } from "../../sql/dead-letters.ts";
import { STATE } from "../../sql/delivery-row.ts";
import type { Committer, Transaction } from "../commit/commit.ts";
import type { Database } from "../connection/database.ts";
import { numberArray } from "../connection/parameters.ts";
import { DEAD_LETTERS } from "../history/dead-letters.ts";
import type { TaskUpdate } from "../housekeeping/tasks.ts";
import type { SlotSeqSource } from "../instances/numbers.ts";

/** Maximum number of dead letters that one step reads, whether or not they match its filter. */
const SCANNED_AT_ONCE = 1000;

interface Row {
  readonly seq: Seq;
  readonly messageSeq: Seq;
  readonly endpointSeq: Seq;
}

interface Range {
  readonly after: Seq;
  readonly limit: number;
}

/** The methods that change dead letters. */
export function redriveVerbs(
  database: Database,
  committer: Committer,
  seqs: SlotSeqSource,
  storeTask: TaskUpdate,
  clock: Clock,
): Pick<Queue, "redrive" | "drop" | "dropStep"> {
  return {
    redrive: (filter, range, { first, now }, progress) =>
      committer.write(async (transaction) => {
        const { rows, last } = await nextRows(transaction, filter, range, "redrive");
        const positions = rows.map((_, index) => first + index * seqs.stride);
        seqs.reach(positions.at(-1) ?? 0);
        const endpointSeqs = await redriveAll(transaction, rows, positions, now);
        const redriven: Redriven = { redriven: endpointSeqs.length, endpoints: [...new Set(endpointSeqs)], last };
        await storeTask(transaction, progress(redriven));
        return redriven;
      }, range.limit),
    dropStep: (filter, range, now, progress) =>
      committer.write(async (transaction) => {
        const { rows, last } = await nextRows(transaction, filter, range, "drop");
        const dropped: Dropped = { dropped: await dropAll(transaction, rows, now), last };
        await storeTask(transaction, progress(dropped));
        return dropped;
      }, range.limit),
    drop: async (filter, limit) => {
      let dropped = 0;
      // Dead letters may change between the read and the commit. Then others take their place.
      while (dropped < limit) {
        const rows = await matching(database, filter, limit - dropped);
        if (rows.length === 0) break;
        dropped += await committer.write((transaction) => dropAll(transaction, rows, clock.now()), rows.length);
      }
      return dropped;
    },
  };
}

const KEYS = `SELECT d.seq, d.message_seq AS "messageSeq", d.endpoint_seq AS "endpointSeq" ${DEAD_LETTERS}`;

function matching(database: Database, filter: DeadLetterFilter, limit: number): Promise<readonly Row[]> {
  const where = deadLetterConditions(filter);
  return database.all<Row>(`${KEYS}${where.sql} ORDER BY d.seq LIMIT $limit`, { ...where.values, limit });
}

/**
 * Reads the next dead letters of a step. Other instances may change them before this one does. A redrive
 * locks their endpoints and messages, so that no endpoint is disabled and no payload deleted before the
 * commit.
 */
async function nextRows(
  transaction: Transaction,
  filter: DeadLetterFilter,
  { after, limit }: Range,
  use: "redrive" | "drop",
): Promise<{ readonly rows: readonly Row[]; readonly last: Seq | null }> {
  const scan = new DeadLetterScan(filter);
  const end = await scan.endOf(transaction, after);
  const where = deadLetterConditions(filter);
  if (use === "redrive") where.add(CAN_BE_REDRIVEN);
  const rows = await transaction.all<Row>(
    `${KEYS} AND d.seq > $scanned AND d.seq <= $end${where.sql}
     ORDER BY d.seq LIMIT $limit${use === "redrive" ? " FOR SHARE OF e, m" : ""}`,
    { ...where.values, scanned: after, end: end ?? Number.MAX_SAFE_INTEGER, limit },
  );
  return { rows, last: rows.length < limit ? end : rows.at(-1)!.seq };
}

/**
 * Divides the dead letters into steps. Without steps, a commit with a filter that few of many dead
 * letters match would take as long as reading all of them.
 */
class DeadLetterScan {
  readonly #sql: string;
  readonly #values: Record<string, string | number> = {};

  constructor({ endpointSeq, deliverySeqs }: DeadLetterFilter) {
    let conditions = "";
    if (endpointSeq !== undefined) {
      conditions += " AND endpoint_seq = $endpointSeq";
      this.#values.endpointSeq = endpointSeq;
    }
    if (deliverySeqs !== undefined) {
      conditions += " AND seq = ANY ($deliverySeqs::bigint[])";
      this.#values.deliverySeqs = numberArray(deliverySeqs);
    }
    this.#sql = `SELECT count(*) AS count, max(seq) AS last FROM (
      SELECT seq FROM ended WHERE state = ${STATE.dead} AND seq > $scanned${conditions}
      ORDER BY seq LIMIT ${SCANNED_AT_ONCE}) AS step`;
  }

  /** Returns the end of the step that starts after `scanned`, or null if it is the last step. */
  async endOf(transaction: Transaction, scanned: Seq): Promise<Seq | null> {
    const row = await transaction.first<{ count: number; last: Seq | null }>(this.#sql, { ...this.#values, scanned });
    return row!.count < SCANNED_AT_ONCE ? null : row!.last;
  }
}

/** Returns the endpoint of each of those that are still dead. */
async function redriveAll(
  transaction: Transaction,
  rows: readonly Row[],
  positions: readonly Seq[],
  now: number,
): Promise<readonly Seq[]> {
  if (rows.length === 0) return [];
  const again = await transaction.all<{ endpointSeq: Seq }>(
    `WITH r AS (SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS r(message_seq, endpoint_seq, position)),
       again AS (DELETE FROM ended d USING r
         WHERE d.message_seq = r.message_seq AND d.endpoint_seq = r.endpoint_seq AND d.state = ${STATE.dead}
         RETURNING d.*, r.position)
     INSERT INTO pending (seq, message_seq, endpoint_seq, position, due_at, attempts, attempts_total, round, trigger)
     SELECT seq, message_seq, endpoint_seq, position, $4, 0, attempts_total, round + 1, 1 FROM again
     RETURNING endpoint_seq AS "endpointSeq"`,
    [...keysOf(rows), numberArray(positions), now],
  );
  return again.map(({ endpointSeq }) => endpointSeq);
}

/** Returns the number of those that are still dead. */
async function dropAll(transaction: Transaction, rows: readonly Row[], now: number): Promise<number> {
  if (rows.length === 0) return 0;
  return transaction.run(
    `UPDATE ended d SET state = ${STATE.cancelled}, reason = NULL, ended_at = $3
     FROM unnest($1::bigint[], $2::bigint[]) AS r(message_seq, endpoint_seq)
     WHERE d.message_seq = r.message_seq AND d.endpoint_seq = r.endpoint_seq AND d.state = ${STATE.dead}`,
    [...keysOf(rows), now],
  );
}

function keysOf(rows: readonly Row[]): [string, string] {
  return [
    numberArray(rows.map(({ messageSeq }) => messageSeq)),
    numberArray(rows.map(({ endpointSeq }) => endpointSeq)),
  ];
}
