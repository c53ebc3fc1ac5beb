import type { Database, Statement } from "bun:sqlite";
import type { IdPrefix, MovedIds, Seq } from "../../../core/id.ts";
import type { MovedPlaces } from "../../index.ts";

/** Begins what is stored for a place, so that no row has its id. */
const PLACE = "place_";

/** Begins what is stored for an application that was here before. */
const FORMER = "former_";

/** Stands for the greatest number that moved applications may have used. */
const LAST = "last_number";

/** The character after the underscore with which every prefix ends. */
const AFTER_UNDERSCORE = "`";

/**
 * Returns a function that forgets the kept ids of messages and batches that no longer exist. Each call
 * checks up to `limit` ids before the number `before` and continues where the previous call stopped.
 */
export function forgottenIds(db: Database): (before: Seq, limit: number) => number {
  const next = db.prepare<{ id: string; seq: number; isUsed: number }, [number, number, string, number]>(
    `SELECT i.id, i.seq, EXISTS (SELECT 1 FROM message m WHERE m.seq = i.seq)
       OR EXISTS (SELECT 1 FROM delivery d WHERE d.batch_seq = i.seq)
       OR (i.id < 'batch_' OR i.id >= 'batch\`') AND (i.id < 'msg_' OR i.id >= 'msg\`') AS isUsed
     FROM moved_id i WHERE i.seq < ? AND (i.seq, i.id) > (?, ?) ORDER BY i.seq, i.id LIMIT ?`,
  );
  const forget = db.prepare("DELETE FROM moved_id WHERE id = ?");
  let at = { seq: -1, id: "" };
  return (before, limit) => {
    const found = next.all(before, at.seq, at.id, limit);
    at = found.length < limit ? { seq: -1, id: "" } : found.at(-1)!;
    const unused = found.filter(({ isUsed }) => isUsed === 0);
    for (const { id } of unused) forget.run(id);
    return unused.length;
  };
}

/**
 * The ids that rows have kept when they came from another installation. Looking one up costs nothing
 * if there are none, and for rows that are newer than all of them.
 */
export class KeptIds implements MovedIds, MovedPlaces {
  /** The greatest number of a row that has kept its id, or -1. */
  #newest: Seq;
  readonly #idOf: Statement<{ id: string }, [number, string, string]>;
  readonly #seqOf: Statement<{ seq: number }, [string]>;
  readonly #keep: Statement;
  readonly #forget: Statement;
  readonly #keepLast: Statement;

  constructor(db: Database) {
    const newest = db.query<{ seq: Seq }, [string]>("SELECT seq FROM moved_id WHERE id <> ? ORDER BY seq DESC LIMIT 1");
    this.#newest = newest.get(LAST)?.seq ?? -1;
    this.#keepLast = db.prepare(
      "INSERT INTO moved_id (id, seq) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET seq = MAX(seq, excluded.seq)",
    );
    this.#idOf = db.prepare("SELECT id FROM moved_id WHERE seq = ? AND id >= ? AND id < ?");
    this.#seqOf = db.prepare("SELECT seq FROM moved_id WHERE id = ?");
    this.#keep = db.prepare(
      "INSERT INTO moved_id (id, seq) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET seq = excluded.seq",
    );
    this.#forget = db.prepare("DELETE FROM moved_id WHERE id = ?");
  }

  idOf(prefix: IdPrefix, seq: Seq): string | null {
    if (seq > this.#newest) return null;
    return this.#idOf.get(seq, prefix, prefix.slice(0, -1) + AFTER_UNDERSCORE)?.id ?? null;
  }

  seqOf(id: string): Seq | null {
    if (this.#newest < 0) return null;
    return this.#seqOf.get(id)?.seq ?? null;
  }

  placeOf(id: string): Seq | null {
    if (this.#newest < 0) return null;
    return this.#seqOf.get(PLACE + id)?.seq ?? null;
  }

  /** Keeps an id that a client uses as its iterator. */
  keepPlace(id: string, seq: Seq): void {
    this.#keep.run(PLACE + id, seq);
  }

  /** Keeps the number that an application had when it was here before, while it is coming back. */
  keepFormer(id: string, seq: Seq): void {
    this.#keep.run(FORMER + id, seq);
  }

  /** Returns the number that an application had when it was here before, or null. */
  formerOf(id: string): Seq | null {
    return this.#seqOf.get(FORMER + id)?.seq ?? null;
  }

  /** Returns and forgets the number that an application had when it was here before, or null. */
  takeFormer(id: string): Seq | null {
    const former = this.formerOf(id);
    if (former !== null) this.#forget.run(FORMER + id);
    return former;
  }

  /** Keeps the id of a row. Must be called in the commit that stores the row. */
  keep(id: string, seq: Seq): void {
    this.#keep.run(id, seq);
    // After a rollback the value is too large, which only costs look-ups.
    if (seq > this.#newest) this.#newest = seq;
  }

  /**
   * Keeps a number that later ones must be greater than, also after a restart: rows of a moved application that
   * had it may have been deleted before the move or after it.
   */
  keepLast(seq: Seq): void {
    this.#keepLast.run(LAST, seq);
  }

  /** Makes later calls return null. Must be called before the database is closed. */
  close(): void {
    this.#newest = -1;
  }
}
