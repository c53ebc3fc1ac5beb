import type { Database, Statement } from "bun:sqlite";
import type { Fact } from "../../../core/fact.ts";
import type { Seq } from "../../../core/id.ts";
import type { Committer } from "../commit/commit.ts";
import { EntryMover } from "./entry-mover.ts";

/** Number of entries in memory at which they are moved to the table. They take 1 to 2 MB. */
const RECENT_MAX = 32_768;
/**
 * Number of entries that one commit moves if the move has `RECENT_MAX` entries. A commit may change as
 * many pages.
 */
const ENTRIES_AT_ONCE = 250;
/**
 * Maximum number of entries that are moved when the store is closed, in one commit. If there are more, the
 * next start reads them from the messages.
 */
const MOVED_AT_CLOSE_MAX = 4000;
/** The name in `meta` of the message up to which all entries are in the table. */
const STORED_TO = "application-messages-to";

/** Selects the messages without an entry in the table. */
const WITHOUT_ENTRY = `SELECT application_seq, seq FROM main.message m
  WHERE seq > COALESCE((SELECT CAST(value AS INTEGER) FROM main.meta WHERE name = '${STORED_TO}'), 0)
    AND NOT EXISTS (SELECT 1 FROM main.application_message e
      WHERE e.application_seq = m.application_seq AND e.seq = m.seq)`;

export interface ApplicationMessagesParts {
  readonly db: Database;
  readonly committer: Committer;
  /**
   * True for the server. A command that runs beside it keeps no entries in memory and stores each in the
   * table at once.
   */
  readonly exclusive: boolean;
  readonly onFact: (fact: Fact) => void;
  readonly recentMax?: number;
}

/** An entry, or a position in the order of the entries. */
interface Entry {
  readonly applicationSeq: Seq;
  readonly seq: Seq;
}

const BEFORE_ALL: Entry = { applicationSeq: -1, seq: -1 };
const AFTER_ALL: Entry = { applicationSeq: Number.MAX_SAFE_INTEGER, seq: Number.MAX_SAFE_INTEGER };

/**
 * The index of the messages by application. Storing the entry of each message at once would change one
 * page of the database per message if many applications get messages. The entries of the newest
 * messages are therefore in a temporary table, which SQLite keeps in memory. When there are many, they
 * are moved to the table `application_message`, sorted: then each changed page takes several of them.
 *
 *     messages             11 12 13 14 15 16 17 | 18 19 20 21 22
 *     application_message  all of them          | some              storedTo = 17
 *     recent_message                            | the others
 *
 * Each entry is in exactly one of the two tables. The transaction that stores, moves or deletes it changes
 * both. Only the server may delete messages: a command beside it would leave their entries in memory. At
 * the start, the server finds the entries in memory again: the messages after `storedTo` without an entry
 * in the table.
 *
 * Queries read the view `application_messages`. One that reads columns of the messages selects the
 * numbers in a subquery with ORDER BY and LIMIT (-1 for all) and joins the messages to it. Without the
 * LIMIT, SQLite would read and sort all entries in the range before the first message.
 */
export class ApplicationMessages {
  /** The entries up to this one are in the table. */
  #storedTo: Seq;
  /**
   * The entries up to this one are in the table or are being moved to it. A new entry in this range is
   * stored in the table at once.
   */
  #movedTo: Seq;
  /** The greatest number in memory. A rollback does not reduce it. */
  #last: Seq;
  /**
   * Number of entries in memory, or more: rollbacks and deletions do not reduce it until the next move has
   * ended.
   */
  #count = 0;
  readonly #mover: EntryMover;
  readonly #insert: Statement;
  readonly #insertRecent: Statement | null;
  readonly #has: Statement<unknown, [Seq, Seq]>;
  readonly #setStoredTo: Statement;

  constructor(private readonly parts: ApplicationMessagesParts) {
    const { db, committer, exclusive, onFact } = parts;
    this.#mover = new EntryMover({ move: () => this.#move(), entries: "application_message", onFact });
    const stored = db.query<{ value: string }, [string]>("SELECT value FROM meta WHERE name = ?").get(STORED_TO);
    this.#storedTo = Number(stored?.value ?? 0);
    this.#movedTo = this.#storedTo;
    this.#last = this.#storedTo;
    createView(db, exclusive);
    this.#insert = db.prepare("INSERT OR IGNORE INTO application_message (application_seq, seq) VALUES (?, ?)");
    this.#insertRecent = exclusive
      ? db.prepare("INSERT OR IGNORE INTO recent_message (application_seq, seq) VALUES (?, ?)")
      : null;
    this.#has = db.prepare("SELECT 1 FROM application_messages WHERE application_seq = ? AND seq = ?");
    this.#setStoredTo = db.prepare(
      "INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
    );
    if (!exclusive) return;
    const { count, last } = inMemory(db);
    this.#count = count;
    this.#last = last ?? this.#storedTo;
    committer.onCommit(() => this.#committed());
  }

  /** Adds a new message. Must be called in the commit that stores it. */
  add(applicationSeq: Seq, seq: Seq): void {
    if (this.#insertRecent === null || seq <= this.#movedTo) {
      this.#insert.run(applicationSeq, seq);
      return;
    }
    this.#insertRecent.run(applicationSeq, seq);
    this.#count++;
    if (seq > this.#last) this.#last = seq;
  }

  /** Adds a message unless it has been added. Must be called in the commit that stores it. */
  addIfMissing(applicationSeq: Seq, seq: Seq): void {
    if (this.#has.get(applicationSeq, seq) === null) this.add(applicationSeq, seq);
  }

  /**
   * Moves all entries to the table unless there are many, so that the next start need not read the
   * messages. Must be called in the last write before the store is closed.
   */
  close(): void {
    if (this.#insertRecent === null || this.#count > MOVED_AT_CLOSE_MAX) return;
    portionMover(this.parts.db, this.#last, Number.MAX_SAFE_INTEGER)(BEFORE_ALL);
    this.#setStoredTo.run(STORED_TO, String(this.#last));
  }

  #committed(): void {
    const { recentMax = RECENT_MAX } = this.parts;
    if (this.#count >= recentMax || this.#movedTo !== this.#storedTo) this.#mover.start();
  }

  async #move(): Promise<void> {
    const { db, committer, recentMax = RECENT_MAX } = this.parts;
    if (this.#movedTo === this.#storedTo) this.#movedTo = this.#last;
    const to = this.#movedTo;
    // A move takes a limited number of commits, however many entries it has. Under load each commit also
    // stores new messages, so a move with more commits would leave more entries in memory than it moved.
    const portion = Math.max(1, Math.ceil(this.#count / recentMax)) * ENTRIES_AT_ONCE;
    const mover = portionMover(db, to, portion);
    for (let after: Entry | null = BEFORE_ALL; after !== null; ) {
      const from: Entry = after;
      after = await committer.write(() => mover(from), portion);
    }
    await committer.write(() => this.#setStoredTo.run(STORED_TO, String(to)));
    this.#storedTo = to;
    this.#count = inMemory(db).count;
  }
}

/** Creates the view and, for the server, the table of the entries in memory. */
export function createView(db: Database, exclusive: boolean): void {
  // The simulation opens a store again on the connection of one that has crashed.
  db.run("DROP VIEW IF EXISTS temp.application_messages");
  db.run("DROP TABLE IF EXISTS temp.recent_message");
  db.run("DROP TRIGGER IF EXISTS temp.recent_message_deleted");
  if (exclusive) {
    db.run(`CREATE TEMP TABLE recent_message (
      application_seq INTEGER NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (application_seq, seq)
    ) STRICT, WITHOUT ROWID`);
    db.run(`CREATE TEMP TRIGGER recent_message_deleted AFTER DELETE ON main.message BEGIN
      DELETE FROM recent_message WHERE application_seq = old.application_seq AND seq = old.seq;
    END`);
    db.run(`INSERT INTO recent_message (application_seq, seq) ${WITHOUT_ENTRY}`);
  }
  const others = exclusive ? "SELECT application_seq, seq FROM temp.recent_message" : WITHOUT_ENTRY;
  db.run(`CREATE TEMP VIEW application_messages AS
    SELECT application_seq, seq FROM main.application_message UNION ALL ${others}`);
}

/** Returns the number of the entries in memory, and the last of their messages. */
function inMemory(db: Database): { readonly count: number; readonly last: Seq | null } {
  return db
    .query<{ count: number; last: Seq | null }, []>("SELECT COUNT(*) AS count, MAX(seq) AS last FROM recent_message")
    .get()!;
}

/**
 * Returns a function that moves the next `limit` entries after one of them to the table, up to the
 * message `to`. It returns the last of them, or null if there are no more.
 */
function portionMover(db: Database, to: Seq, limit: number): (after: Entry) => Entry | null {
  const inRange = `(application_seq, seq) > ($applicationSeq, $seq)
    AND (application_seq, seq) <= ($lastApplicationSeq, $lastSeq) AND seq <= $to`;
  const lastOf = db.query<Entry, [Record<string, number>]>(
    `SELECT application_seq AS applicationSeq, seq FROM recent_message
     WHERE (application_seq, seq) > ($applicationSeq, $seq) AND seq <= $to
     ORDER BY application_seq, seq LIMIT 1 OFFSET $offset`,
  );
  const insert = db.query(
    `INSERT OR IGNORE INTO application_message (application_seq, seq)
     SELECT application_seq, seq FROM recent_message WHERE ${inRange} ORDER BY application_seq, seq`,
  );
  const remove = db.query(`DELETE FROM recent_message WHERE ${inRange}`);
  return ({ applicationSeq, seq }) => {
    const last = lastOf.get({ applicationSeq, seq, to, offset: limit - 1 });
    const { applicationSeq: lastApplicationSeq, seq: lastSeq } = last ?? AFTER_ALL;
    const range = { applicationSeq, seq, lastApplicationSeq, lastSeq, to };
    insert.run(range);
    remove.run(range);
    return last;
  };
}
