import type { Database } from "bun:sqlite";
import type { Seq } from "../../../core/id.ts";
import type { FunctionSend } from "../../index.ts";

/**
 * The messages that functions have sent, by the delivery that the function handled and the number of
 * the message among those of the delivery. They are kept as long as the delivery.
 */
export class FunctionSends {
  readonly #sent;
  readonly #hops;
  readonly #insert;
  readonly #forget;

  constructor(db: Database) {
    this.#sent = db.prepare<{ message_seq: number }, [number, number]>(
      "SELECT message_seq FROM function_send WHERE delivery_seq = ? AND number = ?",
    );
    this.#hops = db.prepare<{ hops: number }, [number]>("SELECT hops FROM function_send WHERE message_seq = ?");
    this.#insert = db.prepare(
      "INSERT INTO function_send (delivery_seq, number, message_seq, hops) VALUES (?, ?, ?, ?)",
    );
    this.#forget = db.prepare(
      `DELETE FROM function_send WHERE (delivery_seq, number) IN (
         SELECT delivery_seq, number FROM function_send f
         WHERE delivery_seq < ?1 AND NOT EXISTS (SELECT 1 FROM delivery WHERE seq = f.delivery_seq) LIMIT ?2)`,
    );
  }

  /** Returns the message that was sent, or null. */
  messageOf({ deliverySeq, number }: FunctionSend): Seq | null {
    return this.#sent.get(deliverySeq, number)?.message_seq ?? null;
  }

  /** Stores that a message was sent. Must be called within the commit that stores the message. */
  add({ deliverySeq, number, hops }: FunctionSend, messageSeq: Seq): void {
    this.#insert.run(deliverySeq, number, messageSeq, hops);
  }

  /** Returns how many functions had a part in a message: 0 if no function sent it. */
  hopsOf(messageSeq: Seq): number {
    return this.#hops.get(messageSeq)?.hops ?? 0;
  }

  /** Deletes up to `limit` rows of deliveries before `before` that no longer exist. Returns their number. */
  forget(before: Seq, limit: number): number {
    return this.#forget.run(before, limit).changes;
  }
}
