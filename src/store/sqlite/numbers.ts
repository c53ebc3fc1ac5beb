import type { Database } from "bun:sqlite";
import { type Seq, type SeqSource, seqAt } from "../../core/id.ts";
import { lastPlace } from "./places.ts";

/** The greatest number in use, over every table that takes numbers, so that new ones rise above it. */
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
    "task",
    "audit",
  ];
  const row = db
    .query(
      `SELECT MAX(seq) AS last FROM (${tables.map((table) => `SELECT MAX(seq) AS seq FROM ${table}`).join(" UNION ALL ")})`,
    )
    .get() as { last: number | null };
  return Math.max(row.last ?? 0, lastPlace(db));
}

/** A millisecond has 4096 numbers. The server begins with its first; commands have the second half. */
const COMMANDS_FROM = 2048;
/** Numbers that a command reserves at a time; it needs a handful. */
const BLOCK = 16;
const RESERVED = "command-numbers";

/**
 * Numbers for a command that works beside the server. Commands share no number because each reserves its own in the
 * database, and none with the server unless that takes more than 2,048 numbers in one millisecond. Reserves when the
 * first number is asked for, so that a command that only reads does not write.
 */
export class CommandSeqSource implements SeqSource {
  #next: Seq = 0;
  /** The first number beyond the reserved ones. */
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

/** Returns the least number, not below `seq`, that is in the second half of a millisecond. */
function inSecondHalf(seq: Seq): Seq {
  return seq % (2 * COMMANDS_FROM) < COMMANDS_FROM ? seq - (seq % (2 * COMMANDS_FROM)) + COMMANDS_FROM : seq;
}
