import type { Database } from "bun:sqlite";
import type { Seq, SeqSource } from "../../../core/id.ts";
import type { IdempotencyEntry, IdempotentResponse, Queue } from "../../index.ts";
import type { SecretBox } from "../../sql/secret-box.ts";
import type { Committer } from "../commit/commit.ts";
import type { MessageKeys } from "../keys/message-keys.ts";

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
    private readonly numbers: Pick<SeqSource, "next">,
  ) {
    this.#get = db.prepare<Row, [Uint8Array, number]>(
      "SELECT status, body, sealed, message_seq, body_hash FROM idempotency WHERE key = ? AND expires_at > ?",
    );
    // Replaces an expired entry that has not been pruned yet.
    this.#insert = db.prepare(
      `INSERT INTO idempotency (key, status, sealed, message_seq, expires_at, body_hash, application_seq, stored_seq)
       VALUES (?1, ?2, ?3, ?4, ?5, ?7, ?8, ?9)
       ON CONFLICT (key) DO UPDATE SET status = excluded.status, body = NULL, sealed = excluded.sealed,
         message_seq = excluded.message_seq, expires_at = excluded.expires_at, body_hash = excluded.body_hash,
         application_seq = excluded.application_seq, stored_seq = excluded.stored_seq
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
      put: (entry, response, now, applicationSeq = null) =>
        committer.write(() => {
          if (this.messages.get(entry.key, now) === null) this.#put(entry, response, now, applicationSeq);
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

  #put(
    { key, expiresAt, bodyHash }: IdempotencyEntry,
    response: IdempotentResponse,
    now: number,
    applicationSeq: Seq | null,
  ): void {
    // Responses may contain secrets, such as a new token.
    const [status, sealed, messageSeq] =
      response.kind === "message"
        ? [202, null, response.messageSeq]
        : [response.status, this.box.seal(response.body), null];
    const place = [applicationSeq, this.numbers.next()] as const;
    this.#insert.run(key, status, sealed, messageSeq, expiresAt, now, bodyHash, ...place);
  }
}

function hashed(bodyHash: Uint8Array | null): { readonly bodyHash?: Uint8Array } {
  return bodyHash === null ? {} : { bodyHash };
}
