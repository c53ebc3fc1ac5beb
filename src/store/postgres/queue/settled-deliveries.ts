import type { Seq } from "../../../core/id.ts";
import type { Settled, Settlement } from "../../index.ts";
import { STATE } from "../../sql/delivery-row.ts";
import type { Transaction } from "../commit/commit.ts";
import { numberArray, textArray } from "../connection/parameters.ts";

interface Row {
  readonly seq: Seq;
  readonly dueAt: number;
  readonly attemptsTotal: number;
  readonly isFifo: boolean;
}

type Next = Settlement["next"];
type Waiting = Extract<Next, { state: "pending" }>;

/** Returns whether a settlement ends its delivery with success. */
export const succeeds = ({ next }: Settlement) => next.state === "delivered" || next.state === "cancelled";

/**
 * The deliveries of the settlements of one transaction. Those that end with success have left `pending`
 * before. The rows of the others are locked, and change when `store` is called.
 */
export class SettledDeliveries {
  readonly #dead: (readonly [Settlement, Row, reason: string])[] = [];
  readonly #waiting: (readonly [Settlement, Row, Waiting])[] = [];

  private constructor(
    private readonly transaction: Transaction,
    /** Returns whether a delivery that ends with success has left `pending`. */
    private readonly hasEnded: (deliverySeq: Seq) => boolean,
    private readonly locked: ReadonlyMap<Seq, Row>,
  ) {}

  static async open(
    transaction: Transaction,
    settlements: readonly Settlement[],
    hasEnded: (deliverySeq: Seq) => boolean,
  ): Promise<SettledDeliveries> {
    const locked = await lock(
      transaction,
      settlements.filter((settlement) => !succeeds(settlement)),
    );
    return new SettledDeliveries(transaction, hasEnded, new Map(locked.map((row) => [row.seq, row])));
  }

  /** Moves a delivery to its next state. Nothing changes if it is in another round or has ended. */
  async move(settlement: Settlement, next: Next): Promise<Settled["change"]> {
    const { deliverySeq } = settlement.attempt;
    if (succeeds(settlement)) {
      if (this.hasEnded(deliverySeq)) return "moved";
      if (next.state === "delivered" && (await this.#revive(settlement))) return "revived";
    } else {
      const row = this.locked.get(deliverySeq);
      if (row !== undefined) {
        if (next.state === "dead") this.#dead.push([settlement, row, next.reason]);
        else this.#waiting.push([settlement, row, next as Waiting]);
        return "moved";
      }
    }
    await this.#forgetOrphan(settlement);
    return "stale";
  }

  /** Ends a delivery that became dead during its successful attempt. */
  async #revive({ attempt, round, settledAt }: Settlement): Promise<boolean> {
    const changed = await this.transaction.run(
      `UPDATE ended SET state = ${STATE.delivered}, attempts_total = attempts_total + 1, reason = NULL, ended_at = $5
       WHERE message_seq = $1 AND endpoint_seq = $2 AND seq = $3 AND round = $4 AND state = ${STATE.dead}`,
      [attempt.messageSeq, attempt.endpointSeq, attempt.deliverySeq, round, settledAt],
    );
    return changed === 1;
  }

  /** Removes the attempt if its message no longer exists. */
  async #forgetOrphan({ attempt }: Settlement): Promise<void> {
    await this.transaction.run(
      `DELETE FROM attempt WHERE endpoint_seq = $1 AND seq = $2
         AND NOT EXISTS (SELECT 1 FROM message WHERE message.seq = attempt.message_seq)`,
      [attempt.endpointSeq, attempt.seq],
    );
  }

  async store(transaction: Transaction): Promise<void> {
    await Promise.all([this.#storeDead(transaction), this.#storeWaiting(transaction)]);
  }

  async #storeDead(transaction: Transaction): Promise<void> {
    if (this.#dead.length === 0) return;
    await transaction.run(
      `WITH s AS (SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::text[])
           AS s(message_seq, endpoint_seq, settled_at, reason)),
         gone AS (DELETE FROM pending p USING s WHERE p.message_seq = s.message_seq AND p.endpoint_seq = s.endpoint_seq
           RETURNING p.*, s.settled_at, s.reason)
       INSERT INTO ended (seq, message_seq, endpoint_seq, due_at, ended_at, attempts_total, round, state, reason)
       SELECT seq, message_seq, endpoint_seq, due_at, settled_at, attempts_total + 1, round, ${STATE.dead}, reason FROM gone`,
      [
        numberArray(this.#dead.map(([{ attempt }]) => attempt.messageSeq)),
        numberArray(this.#dead.map(([{ attempt }]) => attempt.endpointSeq)),
        numberArray(this.#dead.map(([{ settledAt }]) => settledAt)),
        textArray(this.#dead.map(([, , reason]) => reason)),
      ],
    );
  }

  async #storeWaiting(transaction: Transaction): Promise<void> {
    if (this.#waiting.length === 0) return;
    await transaction.run(
      `UPDATE pending p SET attempts = s.attempts, attempts_total = attempts_total + 1, due_at = s.due_at,
         batch_seq = s.batch_seq, position = COALESCE(s.position, p.position)
       FROM unnest($1::bigint[], $2::bigint[], $3::integer[], $4::bigint[], $5::bigint[], $6::bigint[])
         AS s(message_seq, endpoint_seq, attempts, due_at, batch_seq, position)
       WHERE p.message_seq = s.message_seq AND p.endpoint_seq = s.endpoint_seq`,
      [
        numberArray(this.#waiting.map(([{ attempt }]) => attempt.messageSeq)),
        numberArray(this.#waiting.map(([{ attempt }]) => attempt.endpointSeq)),
        numberArray(this.#waiting.map(([, , { attempts }]) => attempts)),
        numberArray(this.#waiting.map(([, , { dueAt }]) => dueAt)),
        numberArray(this.#waiting.map(([{ attempt }]) => attempt.batchSeq)),
        // In a FIFO lane a delivery keeps its position.
        numberArray(this.#waiting.map(([, { isFifo }, { position }]) => (isFifo ? null : position))),
      ],
    );
  }
}

/** Returns the parameters of what moves deliveries from `pending` to `ended`. */
export function successParameters(settlements: readonly Settlement[]): string[] {
  const states = numberArray(settlements.map(({ next }) => STATE[next.state]));
  return [...identity(settlements), numberArray(settlements.map(({ settledAt }) => settledAt)), states];
}

/** The message, endpoint, number and round of deliveries. */
function identity(settlements: readonly Settlement[]): [string, string, string, string] {
  return [
    numberArray(settlements.map(({ attempt }) => attempt.messageSeq)),
    numberArray(settlements.map(({ attempt }) => attempt.endpointSeq)),
    numberArray(settlements.map(({ attempt }) => attempt.deliverySeq)),
    numberArray(settlements.map(({ round }) => round)),
  ];
}

async function lock(transaction: Transaction, settlements: readonly Settlement[]): Promise<Row[]> {
  if (settlements.length === 0) return [];
  return transaction.all(
    `SELECT p.seq, p.due_at AS "dueAt", p.attempts_total AS "attemptsTotal", e.fifo = 1 AS "isFifo"
     FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::integer[]) AS s(message_seq, endpoint_seq, seq, round)
     JOIN pending p ON p.message_seq = s.message_seq AND p.endpoint_seq = s.endpoint_seq AND p.seq = s.seq AND p.round = s.round
     JOIN endpoint e ON e.seq = p.endpoint_seq
     ORDER BY p.message_seq, p.endpoint_seq FOR UPDATE OF p`,
    identity(settlements),
  );
}
