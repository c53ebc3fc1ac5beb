import type { Database } from "bun:sqlite";
import type { Seq } from "../../core/id.ts";
import type { IdempotencyEntry, IdempotentResponse, Queue } from "../index.ts";
import type { Committer } from "./commit.ts";
import { type RecentKey, RecentKeys } from "./recent-keys.ts";
import type { SecretBox } from "./secret-box.ts";

interface Row {
  status: number;
  body: string | null;
  sealed: Uint8Array | null;
  message_seq: number | null;
  body_hash: Uint8Array | null;
}

/** Stores responses, so that they can be returned to later calls with the same idempotency key. */
export class Idempotency {
  readonly #get;
  readonly #insert;
  /** The newest keys of messages. */
  readonly #recent: RecentKeys;

  constructor(
    db: Database,
    committer: Committer,
    private readonly box: SecretBox,
  ) {
    this.#recent = new RecentKeys(db, committer, (key) => this.#addToIndex(key));
    this.#get = db.prepare<Row, [Uint8Array, number]>(
      "SELECT status, body, sealed, message_seq, body_hash FROM idempotency WHERE key = ? AND expires_at > ?",
    );
    // Replaces an expired entry that has not been pruned yet.
    this.#insert = db.prepare(
      `INSERT INTO idempotency (key, status, sealed, message_seq, expires_at, body_hash) VALUES (?1, ?2, ?3, ?4, ?5, ?7)
       ON CONFLICT (key) DO UPDATE SET status = excluded.status, body = NULL, sealed = excluded.sealed,
         message_seq = excluded.message_seq, expires_at = excluded.expires_at, body_hash = excluded.body_hash
       WHERE idempotency.expires_at <= ?6`,
    );
  }

  get(key: Uint8Array, now: number): IdempotentResponse | null {
    const recent = this.#recent.get(key, now);
    if (recent !== null) return { kind: "message", messageSeq: recent.messageSeq, ...hashed(recent.bodyHash) };
    const row = this.#get.get(key, now);
    if (row === null) return null;
    const hash = hashed(row.body_hash);
    if (row.message_seq !== null) return { kind: "message", messageSeq: row.message_seq, ...hash };
    return {
      ...hash,
      kind: "text",
      status: row.status,
      body: row.sealed === null ? (row.body ?? "") : this.box.open(row.sealed),
    };
  }

  /**
   * Stores the message that belongs to a key. Must be called within a commit, and only if `get`
   * returns null.
   */
  addMessage(entry: IdempotencyEntry, messageSeq: Seq): void {
    this.#recent.add(entry, messageSeq);
  }

  verbs(committer: Committer): Queue["idempotency"] {
    return {
      get: async (key, now) => this.get(key, now),
      put: (entry, response, now) =>
        committer.write(() => {
          if (this.#recent.get(entry.key, now) === null) this.#put(entry, response, now);
        }),
    };
  }

  #put({ key, expiresAt, bodyHash }: IdempotencyEntry, response: IdempotentResponse, now: number): void {
    if (response.kind === "message") this.#insert.run(key, 202, null, response.messageSeq, expiresAt, now, bodyHash);
    // Responses may contain secrets, such as a new token.
    else this.#insert.run(key, response.status, this.box.seal(response.body), null, expiresAt, now, bodyHash);
  }

  /** A key in the index expired before the newer one was accepted, so it is replaced. */
  #addToIndex({ messageSeq, ...entry }: RecentKey): void {
    this.#put(entry, { kind: "message", messageSeq }, entry.expiresAt);
  }
}

function hashed(bodyHash: Uint8Array | null): { readonly bodyHash?: Uint8Array } {
  return bodyHash === null ? {} : { bodyHash };
}
