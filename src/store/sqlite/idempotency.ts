import type { Database } from "bun:sqlite";
import type { IdempotencyEntry, IdempotentAnswer, Store } from "../index.ts";
import type { Committer } from "./commit.ts";

interface Row {
  status: number;
  body: string | null;
  message_seq: number | null;
}

/** The answers that are repeated to calls with the same idempotency key. */
export class Idempotency {
  readonly #get;
  readonly #insert;

  constructor(db: Database) {
    this.#get = db.prepare<Row, [Uint8Array, number]>(
      "SELECT status, body, message_seq FROM idempotency WHERE key = ? AND expires_at > ?",
    );
    // An entry that has expired but is not yet swept away gives way.
    this.#insert = db.prepare(
      `INSERT INTO idempotency (key, status, body, message_seq, expires_at) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT (key) DO UPDATE SET status = excluded.status, body = excluded.body,
         message_seq = excluded.message_seq, expires_at = excluded.expires_at`,
    );
  }

  get(key: Uint8Array, now: number): IdempotentAnswer | null {
    const row = this.#get.get(key, now);
    if (row === null) return null;
    if (row.message_seq !== null) return { kind: "message", messageSeq: row.message_seq };
    return { kind: "text", status: row.status, body: row.body ?? "" };
  }

  /** Part of a write: call it inside a commit. */
  insert(entry: IdempotencyEntry, answer: IdempotentAnswer): void {
    if (answer.kind === "message") this.#insert.run(entry.key, 202, null, answer.messageSeq, entry.expiresAt);
    else this.#insert.run(entry.key, answer.status, answer.body, null, entry.expiresAt);
  }

  verbs(committer: Committer): Store["idempotency"] {
    return {
      get: async (key, now) => this.get(key, now),
      put: (entry, answer) => committer.write(() => this.insert(entry, answer)),
    };
  }
}
