import type { Database } from "bun:sqlite";
import type { Seq } from "../../core/id.ts";
import type { IdempotencyEntry, IdempotentResponse, Queue } from "../index.ts";
import type { SecretBox } from "../sql/secret-box.ts";
import type { Committer } from "./commit.ts";
import type { MessageKeys } from "./keys/message-keys.ts";

interface Row {
  status: number;
  body: string | null;
  sealed: Uint8Array | null;
  message_seq: number | null;
  body_hash: Uint8Array | null;
}

/**
 * Stores responses, so that they can be returned to later calls with the same idempotency key.
 * Responses that are messages are only numbers, and there are many of them: they are in `MessageKeys`,
 * unless an earlier version has stored them.
 */
export class Idempotency {
  readonly #get;
  readonly #insert;
  /** When the last key of a message from an earlier version expires at the latest. */
  readonly #oldKeysUntil: number;

  constructor(
    db: Database,
    private readonly messages: MessageKeys,
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
    const last = db.query<{ minute: number | null }, []>("SELECT max(expires_at / 60000) AS minute FROM idempotency");
    this.#oldKeysUntil = ((last.get()?.minute ?? 0) + 1) * 60_000;
  }

  /** Returns the response that belongs to the key of a message, or null. */
  ofMessage(key: Uint8Array, now: number): IdempotentResponse | null {
    return this.#fromMessages(key, now) ?? (now < this.#oldKeysUntil ? this.#fromTable(key, now) : null);
  }

  /**
   * Stores the message that belongs to a key. Must be called within a commit, and only if `ofMessage`
   * returns null.
   */
  addMessage(entry: IdempotencyEntry, messageSeq: Seq): void {
    this.messages.add(entry, messageSeq);
  }

  verbs(committer: Committer): Queue["idempotency"] {
    return {
      get: async (key, now) => this.#fromMessages(key, now) ?? this.#fromTable(key, now),
      put: (entry, response, now) =>
        committer.write(() => {
          if (this.messages.get(entry.key, now) === null) this.#put(entry, response, now);
        }),
    };
  }

  #fromMessages(key: Uint8Array, now: number): IdempotentResponse | null {
    const found = this.messages.get(key, now);
    return found === null ? null : { kind: "message", messageSeq: found.messageSeq, ...hashed(found.bodyHash) };
  }

  #fromTable(key: Uint8Array, now: number): IdempotentResponse | null {
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

  #put({ key, expiresAt, bodyHash }: IdempotencyEntry, response: IdempotentResponse, now: number): void {
    if (response.kind === "message") this.#insert.run(key, 202, null, response.messageSeq, expiresAt, now, bodyHash);
    // Responses may contain secrets, such as a new token.
    else this.#insert.run(key, response.status, this.box.seal(response.body), null, expiresAt, now, bodyHash);
  }
}

function hashed(bodyHash: Uint8Array | null): { readonly bodyHash?: Uint8Array } {
  return bodyHash === null ? {} : { bodyHash };
}
