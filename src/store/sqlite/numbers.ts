import type { Database } from "bun:sqlite";
import { type Seq, type SeqSource, seqAt } from "../../core/id.ts";
import { lastPosition } from "./queue/last-position.ts";

/** How many numbers a server may have given out that were not stored when it crashed. */
const UNSTORED_MAX = 4096;

/**
 * Returns the number after which a server continues if `newest` is the greatest stored one; 0 if there
 * is none. The server before it may have given out more numbers, for example in links to payloads. If
 * the clock has been set back, they would otherwise be given out again.
 */
export function afterUnstored(newest: Seq): Seq {
  return newest === 0 ? 0 : newest + UNSTORED_MAX;
}

/**
 * Returns the greatest sequence number in use in any table. Rows that have moved keep their ids, and the
 * numbers of these ids remain in use after the rows have been deleted.
 */
export function lastSeq(db: Database): number {
  const tables = [
    "environment",
    "application",
    "event_type",
    "endpoint",
    "message",
    "delivery",
    "attempt",
    "token",
    "session",
    "task",
    "audit",
    "source",
    "source_log",
  ];
  const row = db
    .query(
      `SELECT MAX(seq) AS last FROM (${tables.map((table) => `SELECT MAX(seq) AS seq FROM ${table}`).join(" UNION ALL ")}
       UNION ALL SELECT MAX(link_seq) FROM payload_link_use UNION ALL SELECT MAX(seq) FROM moved_id)`,
    )
    .get() as { last: number | null };
  return Math.max(row.last ?? 0, lastPosition(db));
}

/**
 * The first counter value that commands use within a millisecond. A millisecond has 4096 numbers;
 * the server starts at 0.
 */
const COMMANDS_FROM = 2048;
/** Number of sequence numbers that a command reserves at once. */
const BLOCK = 16;
const RESERVED = "command-numbers";

/**
 * Generates the numbers of a command that may run at the same time as the server. Two commands
 * never get the same number, because each reserves its numbers in the database. A command and the
 * server never get the same number unless the server uses more than 2048 numbers in one
 * millisecond. No numbers are reserved until the first one is needed, so a command that only reads
 * does not write.
 */
export class CommandSeqSource implements SeqSource {
  readonly stride = 1;
  #next: Seq = 0;
  /** The first number after the reserved ones. */
  #end: Seq = 0;
  #least: Seq = 0;

  constructor(
    private readonly db: Database,
    private readonly now: () => number,
  ) {}

  next(): Seq {
    return this.take(1);
  }

  take(count: number): Seq {
    if (this.#next + count > this.#end || this.#next < this.#least) this.#reserve(Math.max(count, BLOCK));
    const first = this.#next;
    this.#next += count;
    return first;
  }

  reach(seq: Seq): void {
    this.#least = Math.max(this.#least, seq + 1);
  }

  get last(): Seq {
    return Math.max(this.#next, this.#least, 1) - 1;
  }

  #reserve(count: number): void {
    this.db
      .transaction(() => {
        const row = this.db.query<{ value: string }, [string]>("SELECT value FROM meta WHERE name = ?").get(RESERVED);
        const free = Math.max(Number(row?.value ?? -1) + 1, this.#least);
        this.#next = inSecondHalf(Math.max(free, seqAt(this.now())));
        this.#end = this.#next + count;
        this.db.run(
          "INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
          [RESERVED, String(this.#end - 1)],
        );
      })
      .immediate();
  }
}

/** Returns the smallest number in the second half of a millisecond that is not less than `seq`. */
function inSecondHalf(seq: Seq): Seq {
  return seq % (2 * COMMANDS_FROM) < COMMANDS_FROM ? seq - (seq % (2 * COMMANDS_FROM)) + COMMANDS_FROM : seq;
}
