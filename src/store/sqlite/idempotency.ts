import type { Database } from "bun:sqlite";
import type { IdempotencyEntry, IdempotentResponse, Queue } from "../index.ts";
import type { Committer } from "./commit.ts";
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

  constructor(
    db: Database,
    private readonly box: SecretBox,
  ) {
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
    const row = this.#get.get(key, now);
    if (row === null) return null;
    const hashed = row.body_hash === null ? {} : { bodyHash: row.body_hash };
    if (row.message_seq !== null) return { kind: "message", messageSeq: row.message_seq, ...hashed };
    return {
      ...hashed,
      kind: "text",
      status: row.status,
      body: row.sealed === null ? (row.body ?? "") : this.box.open(row.sealed),
    };
  }

  /**
   * Stores the first response to a key. Returns false and stores nothing if the key already has a
   * response. Must be called within a commit.
   */
  insert({ key, expiresAt, bodyHash }: IdempotencyEntry, response: IdempotentResponse, now: number): boolean {
    const { changes } =
      response.kind === "message"
        ? this.#insert.run(key, 202, null, response.messageSeq, expiresAt, now, bodyHash)
        : // Responses may contain secrets, such as a new token.
          this.#insert.run(key, response.status, this.box.seal(response.body), null, expiresAt, now, bodyHash);
    return changes > 0;
  }

  verbs(committer: Committer): Queue["idempotency"] {
    return {
      get: async (key, now) => this.get(key, now),
      put: (entry, response, now) => committer.write(() => void this.insert(entry, response, now)),
    };
  }
}
