import { afterAttempt } from "../../../core/health.ts";
import type { Seq } from "../../../core/id.ts";
import type { Attempt, Settlement } from "../../index.ts";
import type { Transaction } from "../commit/commit.ts";
import { numberArray, textArray } from "../connection/parameters.ts";
import { succeeds } from "./settled-deliveries.ts";

/** An endpoint's `failingSince` before and after an attempt. */
export interface HealthChange {
  readonly before: number | null;
  readonly after: number | null;
}

/** What settlements need of an endpoint. */
export interface SettledEndpoint {
  readonly seq: Seq;
  failingSince: number | null;
  readonly isDisabled: boolean;
  readonly isDeleted: boolean;
}

/** The values of a `SettledEndpoint` by their names, as arguments of a function that makes JSON. */
export const SETTLED_ENDPOINT = `'seq', seq, 'failingSince', failing_since, 'isDisabled', disabled = 1,
  'isDeleted', deleted_at IS NOT NULL`;

type Cause = "gone" | "failing";

/**
 * The health of the endpoints of the settlements of one transaction. The rows of those with a failed
 * attempt are locked. The changes are stored when `store` is called.
 */
export class SettledEndpoints {
  readonly #changed = new Set<Seq>();
  readonly #disabled = new Map<Seq, { readonly cause: Cause; readonly at: number }>();
  /** The attempts of this transaction that have not been applied yet. They are already stored. */
  readonly #ahead: Set<Seq>;

  private constructor(
    private readonly rows: ReadonlyMap<Seq, SettledEndpoint>,
    private readonly locked: Set<Seq>,
    settlements: readonly Settlement[],
  ) {
    this.#ahead = new Set(settlements.map(({ attempt }) => attempt.seq));
  }

  /** `failing` are those of the other endpoints that are failing. */
  static async open(
    transaction: Transaction,
    settlements: readonly Settlement[],
    failing: readonly SettledEndpoint[],
  ): Promise<SettledEndpoints> {
    const failed = new Set(endpointsWith(settlements, (settlement) => !succeeds(settlement)));
    const locked = await readLocked(transaction, failed);
    return new SettledEndpoints(new Map([...failing, ...locked].map((row) => [row.seq, row])), failed, settlements);
  }

  isHealthy(endpointSeq: Seq): boolean {
    return (this.rows.get(endpointSeq)?.failingSince ?? null) === null;
  }

  /** States that an attempt does not change the health of its endpoint. */
  passed({ seq }: Attempt): void {
    this.#ahead.delete(seq);
  }

  /**
   * Applies an attempt to the health of its endpoint. An attempt that had to wait for the database may
   * be stored after later attempts, so later attempts are read before anything changes.
   */
  async apply(transaction: Transaction, attempt: Attempt, endedAt: number): Promise<HealthChange> {
    this.passed(attempt);
    const { seq, endpointSeq, reason } = attempt;
    const row = this.rows.get(endpointSeq);
    if (row === undefined) return { before: null, after: null };
    await this.#lock(transaction, row);
    const before = row.failingSince;
    let after = afterAttempt(before, reason === null, endedAt);
    if (after === before || (await this.#hasLaterSuccess(transaction, endpointSeq, seq)))
      return { before, after: before };
    // Without a later success, all later attempts are failures.
    if (reason === null) after = await this.#firstLaterFailure(transaction, endpointSeq, seq);
    if (after !== before) {
      row.failingSince = after;
      this.#changed.add(endpointSeq);
    }
    return { before, after };
  }

  /** Locks the row of an endpoint that only had successful attempts. */
  async #lock(transaction: Transaction, row: SettledEndpoint): Promise<void> {
    if (this.locked.has(row.seq)) return;
    this.locked.add(row.seq);
    const [now] = await readLocked(transaction, [row.seq]);
    if (now !== undefined) row.failingSince = now.failingSince;
  }

  // An attempt without reason and response was cancelled by a transformation. It says nothing about
  // the health.
  async #hasLaterSuccess(transaction: Transaction, endpointSeq: Seq, seq: Seq): Promise<boolean> {
    const row = await transaction.first(
      `SELECT 1 FROM attempt WHERE endpoint_seq = $1 AND seq > $2 AND reason IS NULL AND response_status <> 0
         AND seq <> ALL ($3::bigint[]) LIMIT 1`,
      [endpointSeq, seq, numberArray([...this.#ahead])],
    );
    return row !== null;
  }

  async #firstLaterFailure(transaction: Transaction, endpointSeq: Seq, seq: Seq): Promise<number | null> {
    const row = await transaction.first<{ endedAt: number }>(
      `SELECT started_at + duration_ms AS "endedAt" FROM attempt WHERE endpoint_seq = $1 AND seq > $2 AND reason IS NOT NULL
         AND seq <> ALL ($3::bigint[]) ORDER BY seq LIMIT 1`,
      [endpointSeq, seq, numberArray([...this.#ahead])],
    );
    return row?.endedAt ?? null;
  }

  /** Disables an endpoint. Returns false if it is already disabled or deleted. */
  disable(endpointSeq: Seq, cause: Cause, at: number): boolean {
    const row = this.rows.get(endpointSeq);
    if (row === undefined || row.isDisabled || row.isDeleted || this.#disabled.has(endpointSeq)) return false;
    this.#disabled.set(endpointSeq, { cause, at });
    return true;
  }

  async store(transaction: Transaction): Promise<void> {
    await Promise.all([this.#storeHealth(transaction), this.#storeDisabled(transaction)]);
  }

  async #storeHealth(transaction: Transaction): Promise<void> {
    if (this.#changed.size === 0) return;
    const seqs = [...this.#changed];
    await transaction.run(
      `UPDATE endpoint e SET failing_since = s.failing_since
       FROM unnest($1::bigint[], $2::bigint[]) AS s(seq, failing_since) WHERE e.seq = s.seq`,
      [numberArray(seqs), numberArray(seqs.map((seq) => this.rows.get(seq)!.failingSince))],
    );
  }

  async #storeDisabled(transaction: Transaction): Promise<void> {
    if (this.#disabled.size === 0) return;
    const disabled = [...this.#disabled];
    await transaction.run(
      `UPDATE endpoint e SET disabled = 1, updated_at = s.at, disabled_at = s.at, disabled_cause = s.cause
       FROM unnest($1::bigint[], $2::bigint[], $3::text[]) AS s(seq, at, cause) WHERE e.seq = s.seq`,
      [
        numberArray(disabled.map(([seq]) => seq)),
        numberArray(disabled.map(([, { at }]) => at)),
        textArray(disabled.map(([, { cause }]) => cause)),
      ],
    );
  }
}

function endpointsWith(settlements: readonly Settlement[], fits: (settlement: Settlement) => boolean): Seq[] {
  return settlements.filter(fits).map(({ attempt }) => attempt.endpointSeq);
}

/** Returns the endpoints of successful attempts, whose rows need no lock unless they are failing. */
export function successEndpoints(settlements: readonly Settlement[]): readonly Seq[] {
  return [...new Set(endpointsWith(settlements, succeeds))];
}

async function readLocked(transaction: Transaction, seqs: Iterable<Seq>): Promise<SettledEndpoint[]> {
  const list = [...seqs];
  if (list.length === 0) return [];
  return transaction.all(
    `SELECT seq, failing_since AS "failingSince", disabled = 1 AS "isDisabled", deleted_at IS NOT NULL AS "isDeleted"
     FROM endpoint WHERE seq = ANY ($1::bigint[]) ORDER BY seq FOR NO KEY UPDATE`,
    [numberArray(list)],
  );
}
