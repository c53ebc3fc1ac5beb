import type { Seq } from "../../../core/id.ts";
import type { Database, Session } from "../connection/database.ts";
import { isConflict, isOutage, unavailable } from "../connection/errors.ts";
import { InstanceLost } from "../instances/instance.ts";
import { type Opened, type Opening, open } from "./opening.ts";
import { type OutcomeParts, Outcomes } from "./outcomes.ts";
import type { Write } from "./write.ts";
import { runApart, runTogether } from "./write-runs.ts";

export interface TransactionParts extends OutcomeParts {
  readonly database: Database;
}

/**
 * Runs the transactions of this process, one after another, on one connection.
 *
 * Each transaction stores its number in the row of this process in the table `instance`. If the
 * connection is lost during COMMIT, the row states whether the transaction took effect. The same
 * statement locks the row and finds out whether this process still has it: another process that takes
 * it over waits for the transaction, and later transactions of this process find another fence.
 */
export class Transactions {
  readonly #outcomes: Outcomes;
  #session: Session | null = null;
  #number = 0;

  constructor(private readonly parts: TransactionParts) {
    this.#outcomes = new Outcomes(parts);
  }

  /** Runs writes in one transaction. Rejects if it was not committed, or if that is not known. */
  async run(writes: readonly Write[], floor: Seq): Promise<readonly PromiseSettledResult<unknown>[]> {
    this.#session ??= await this.parts.database.writeSession();
    const session = this.#session;
    try {
      return (await this.#allOrNone(session, writes, floor)) ?? (await this.#eachAlone(session, writes, floor));
    } catch (error) {
      await this.#undo(session, error);
      throw error;
    }
  }

  /** Returns null if a write failed. Then nothing was stored. */
  async #allOrNone(session: Session, writes: readonly Write[], floor: Seq) {
    const number = ++this.#number;
    const mark = this.#begin(session, number, floor);
    try {
      const { opened, results } = await runTogether(session, writes, mark);
      await this.#finish(session, number, opened);
      return results;
    } catch (error) {
      if (isOutage(error) || isConflict(error) || error instanceof InstanceLost) throw error;
      await session.run("ROLLBACK");
      return null;
    }
  }

  async #eachAlone(session: Session, writes: readonly Write[], floor: Seq) {
    const number = ++this.#number;
    const opened = await open(session, [this.#begin(session, number, floor)]);
    const results = await runApart(session, writes);
    await this.#finish(session, number, opened);
    return results;
  }

  /** Begins a transaction. Returns what marks it. */
  #begin(session: Session, number: number, floor: Seq): Opening {
    const { instance } = this.parts;
    const mark = instance.mark(number, floor);
    // If it fails, the statements after it fail too.
    session.run(beginOf(Math.ceil(instance.leaseMs / 2))).catch(() => {});
    return mark;
  }

  async #finish(session: Session, number: number, opened: Opened): Promise<void> {
    if (!this.parts.instance.isMarked(opened)) throw new InstanceLost();
    try {
      await session.commit();
    } catch (error) {
      if (!isOutage(error)) throw error;
      this.#drop(session);
      if (await this.#outcomes.tookEffect(number, error)) return;
      throw unavailable(error, "Nothing was stored.");
    }
  }

  async #undo(session: Session, error: unknown): Promise<void> {
    if (this.#session !== session) return;
    if (!isOutage(error)) {
      try {
        await session.run("ROLLBACK");
        return;
      } catch {
        // The connection cannot be used again. The error that caused the rollback is more useful.
      }
    }
    this.#drop(session);
  }

  #drop(session: Session): void {
    this.#session = null;
    session.end("close");
  }

  /** Returns the connection. */
  close(): void {
    this.#session?.end("release");
    this.#session = null;
  }
}

/**
 * Returns what begins a transaction. Its statements read no whole tables if there is an index: a plan that was
 * made while a table was nearly empty would do so until PostgreSQL has analyzed the table. Where there is no
 * index, such a plan looks expensive, and PostgreSQL would compile it (`jit`).
 */
const beginOf = (idleMsMax: number): string => `BEGIN; SET LOCAL enable_seqscan = off; SET LOCAL jit = off;
  SET LOCAL idle_in_transaction_session_timeout = ${idleMsMax}`;
