import type { Database, Statement } from "bun:sqlite";
import type { Seq } from "../../core/id.ts";
import type { IdempotencyEntry } from "../index.ts";
import type { Committer } from "./commit.ts";

/** A key that belongs to a message. */
export interface RecentKey extends IdempotencyEntry {
  readonly messageSeq: Seq;
}

interface Named extends RecentKey {
  /** The key as Latin-1 text. */
  readonly name: string;
}

/** Number of keys at which they are moved. In memory, this many keys take about 8 MB. */
const KEYS_MAX = 32_768;
/** Keys are moved in parts of the key space, so that each part changes only a few pages. */
const PARTS = 64;
/** Number of moved rows that are deleted in one commit. */
const DELETED_AT_ONCE = 500;

/**
 * The newest idempotency keys, in memory and in a table that only grows at its end. Keys are
 * random, so adding each of them to an index at once would change one page of the database per key.
 * When there are many keys, they are moved to the index together: then each changed page takes
 * several of them.
 */
export class RecentKeys {
  readonly #byName = new Map<string, Named>();
  /** The keys of the open transaction. A rollback may remove some of them. */
  #uncommitted: Named[] = [];
  /** The rows from this number on must be read. Null if all of them have been read. */
  #unreadFrom: Seq | null = 0;
  /** Numbers of rows that were moved and not deleted yet. */
  #moved: Seq[] = [];
  #isMoving = false;
  #lastKey: Uint8Array | null = null;
  #lastName = "";
  readonly #insert: Statement;
  readonly #delete: Statement;
  readonly #from: Statement<RecentKey, [Seq]>;

  constructor(
    db: Database,
    private readonly committer: Committer,
    /** Adds a key to the index. Called within a commit. */
    private readonly addToIndex: (key: RecentKey) => void,
    private readonly keysMax = KEYS_MAX,
  ) {
    this.#insert = db.prepare("INSERT INTO recent_key (message_seq, key, expires_at, body_hash) VALUES (?, ?, ?, ?)");
    this.#delete = db.prepare("DELETE FROM recent_key WHERE message_seq = ?");
    this.#from = db.prepare<RecentKey, [Seq]>(
      `SELECT message_seq AS messageSeq, key, expires_at AS expiresAt, body_hash AS bodyHash FROM recent_key
       WHERE message_seq >= ? ORDER BY message_seq`,
    );
    committer.onRollback(() => this.#dropUncommitted());
    committer.onCommit(() => this.#committed());
  }

  /** Returns the message of a key that has not expired, or null. */
  get(key: Uint8Array, now: number): RecentKey | null {
    this.#readUnread();
    const found = this.#byName.get(this.#nameOf(key));
    return found !== undefined && found.expiresAt > now ? found : null;
  }

  /** Adds the key of a message. Must be called within a commit. */
  add({ key, expiresAt, bodyHash }: IdempotencyEntry, messageSeq: Seq): void {
    this.#insert.run(messageSeq, key, expiresAt, bodyHash);
    this.#remember({ key, expiresAt, bodyHash, messageSeq, name: this.#nameOf(key) });
  }

  #remember(key: Named): void {
    this.#byName.set(key.name, key);
    this.#uncommitted.push(key);
  }

  #forget(key: Named): void {
    if (this.#byName.get(key.name) === key) this.#byName.delete(key.name);
  }

  /** Each key is searched for and then added, so the latest name is kept. */
  #nameOf(key: Uint8Array): string {
    if (this.#lastKey !== key) {
      this.#lastKey = key;
      this.#lastName = latin1(key);
    }
    return this.#lastName;
  }

  #readUnread(): void {
    if (this.#unreadFrom === null) return;
    const rows = this.#from.all(this.#unreadFrom);
    this.#unreadFrom = null;
    for (const row of rows) this.#remember({ ...row, name: latin1(row.key) });
  }

  /** A savepoint may have been rolled back alone, so the table decides which keys remain. */
  #dropUncommitted(): void {
    let from = this.#unreadFrom ?? Number.POSITIVE_INFINITY;
    for (const key of this.#uncommitted) {
      this.#forget(key);
      from = Math.min(from, key.messageSeq);
    }
    this.#uncommitted = [];
    this.#unreadFrom = Number.isFinite(from) ? from : null;
  }

  #committed(): void {
    if (this.#uncommitted.length > 0) this.#uncommitted = [];
    if (this.#byName.size < this.keysMax || this.#isMoving) return;
    this.#isMoving = true;
    this.#move()
      // The store has become unavailable. A later commit tries again.
      .catch(() => {})
      .finally(() => {
        this.#isMoving = false;
      });
  }

  async #move(): Promise<void> {
    await this.#deleteMoved();
    for (const part of partsOf(this.#byName.values())) {
      await this.committer.write(() => part.forEach(this.addToIndex), part.length);
      for (const key of part) {
        this.#forget(key);
        this.#moved.push(key.messageSeq);
      }
    }
    await this.#deleteMoved();
  }

  async #deleteMoved(): Promise<void> {
    this.#moved.sort((a, b) => a - b);
    while (this.#moved.length > 0) {
      const some = this.#moved.slice(0, DELETED_AT_ONCE);
      await this.committer.write(() => {
        for (const seq of some) this.#delete.run(seq);
      }, some.length);
      this.#moved = this.#moved.slice(some.length);
    }
  }
}

/** Divides keys by their first byte, so that the keys of one part are close to each other. */
function partsOf(keys: Iterable<Named>): readonly (readonly Named[])[] {
  const parts = Array.from({ length: PARTS }, (): Named[] => []);
  for (const key of keys) parts[Math.floor((key.key[0]! * PARTS) / 256)]!.push(key);
  return parts.filter((part) => part.length > 0);
}

function latin1(key: Uint8Array): string {
  return (key instanceof Buffer ? key : Buffer.from(key)).toString("latin1");
}
