import type { Database } from "bun:sqlite";
import type { IdempotencyEntry, IdempotentAnswer, Queue } from "../index.ts";
import type { Committer } from "./commit.ts";
import type { SecretBox } from "./secret-box.ts";

interface Row {
  status: number;
  body: string | null;
  sealed: Uint8Array | null;
  message_seq: number | null;
}

/** The answers that are repeated to calls with the same idempotency key. */
export class Idempotency {
  readonly #get;
  readonly #insert;

  constructor(
    db: Database,
    private readonly box: SecretBox,
  ) {
    this.#get = db.prepare<Row, [Uint8Array, number]>(
      "SELECT status, body, sealed, message_seq FROM idempotency WHERE key = ? AND expires_at > ?",
    );
    // An entry that has expired but is not yet swept away gives way.
    this.#insert = db.prepare(
      `INSERT INTO idempotency (key, status, sealed, message_seq, expires_at) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT (key) DO UPDATE SET status = excluded.status, body = NULL, sealed = excluded.sealed,
         message_seq = excluded.message_seq, expires_at = excluded.expires_at`,
    );
  }

  get(key: Uint8Array, now: number): IdempotentAnswer | null {
    const row = this.#get.get(key, now);
    if (row === null) return null;
    if (row.message_seq !== null) return { kind: "message", messageSeq: row.message_seq };
    return {
      kind: "text",
      status: row.status,
      body: row.sealed === null ? (row.body ?? "") : this.box.open(row.sealed),
    };
  }

  /** Part of a write: call it inside a commit. */
  insert(entry: IdempotencyEntry, answer: IdempotentAnswer): void {
    if (answer.kind === "message") this.#insert.run(entry.key, 202, null, answer.messageSeq, entry.expiresAt);
    // A new token stands in its answer, and nowhere else: answers are secrets.
    else this.#insert.run(entry.key, answer.status, this.box.seal(answer.body), null, entry.expiresAt);
  }

  verbs(committer: Committer): Queue["idempotency"] {
    return {
      get: async (key, now) => this.get(key, now),
      put: (entry, answer) => committer.write(() => this.insert(entry, answer)),
    };
  }
}
