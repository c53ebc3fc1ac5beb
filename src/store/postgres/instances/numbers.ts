import { type Seq, type SeqSource, seqAt } from "../../../core/id.ts";
import { StoreUnavailable } from "../../index.ts";
import type { Queries } from "../connection/database.ts";

/** Number of processes that can use one database. Their numbers differ in the remainder by this. */
export const SLOTS = 32;

/** How many numbers a process reserves beyond those that it has given out: those of 30 seconds. */
export const RESERVED = 30_000 * 4096;

/**
 * Generates the numbers of one process. The numbers of a process have the same remainder when they are
 * divided by `SLOTS`, its slot, so several processes generate different numbers without asking each
 * other. Consecutive numbers are `SLOTS` apart.
 *
 * A slot is used by one process after another. Each reserves its numbers in the database, and the next
 * one begins after them.
 */
export class SlotSeqSource implements SeqSource {
  readonly stride = SLOTS;
  #slot: number;
  #last: Seq;
  /** Numbers after this one are not reserved. */
  #end: Seq;
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
    [this.#slot, this.#last, this.#end] = [0, 0, 0];
  }

  /** Uses a slot whose numbers up to `last` have been given out, and those up to `end` are reserved. */
  use(slot: number, last: Seq, end: Seq): void {
    this.#slot = slot;
    this.#last = Math.max(this.#last, last);
    this.#end = end;
  }

  /** States that the numbers up to `end` are reserved. */
  reserved(end: Seq): void {
    this.#end = Math.max(this.#end, end);
  }

  next(): Seq {
    return this.take(1);
  }

  take(count: number): Seq {
    const first = this.#ofSlot(Math.max(seqAt(this.#now()), this.#last + 1));
    const last = first + (count - 1) * SLOTS;
    if (last > this.#end) {
      throw new StoreUnavailable(
        "This process cannot generate numbers, because it has lost the connection to PostgreSQL.",
      );
    }
    this.#last = last;
    return first;
  }

  /** Returns the smallest number of the slot that is not less than `seq`. */
  #ofSlot(seq: Seq): Seq {
    const excess = (seq - this.#slot) % SLOTS;
    return excess === 0 ? seq : seq + SLOTS - excess;
  }

  reach(seq: Seq): void {
    if (seq > this.#last) this.#last = seq;
  }

  get last(): Seq {
    return this.#last;
  }
}

/** The tables that have numbers, and the columns. */
const NUMBERED = [
  ...["environment.seq", "application.seq", "event_type.seq", "endpoint.seq", "payload_version.seq"],
  ...["token.seq", "session.seq", "audit.seq", "source.seq", "source_log.seq"],
  // Numbers of attempts and positions are not greater than the floor of an instance, unless a delivery
  // is scheduled.
  ...["message.seq", "instance.floor"],
];

/** Returns the greatest number in use, or 0. */
export async function newestSeq(queries: Queries): Promise<Seq> {
  const greatest = NUMBERED.map((name) => {
    const [table, column] = name.split(".");
    return `(SELECT max(${column}) FROM ${table})`;
  });
  const row = await queries.first<{ newest: number | null }>(`SELECT GREATEST(${greatest.join(", ")}) AS newest`);
  return row?.newest ?? 0;
}
