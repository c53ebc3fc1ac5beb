import type { Database } from "bun:sqlite";
import { placeAt } from "../../../core/id.ts";
import type { NewMessage } from "../../index.ts";

/**
 * Number of rows that one statement inserts if a message has many deliveries. Such a statement needs
 * about half the time of one statement per row.
 */
export const ROWS_PER_INSERT = 50;

const INSERT = `INSERT INTO delivery
  (message_seq, due_at, seq, endpoint_seq, position, state, attempts, attempts_total, round, trigger) VALUES `;

/** Returns a function that inserts the deliveries of a new message. */
export function deliveryInserter(db: Database): (message: NewMessage) => void {
  const one = db.prepare(`${INSERT}(?1, ?2, ?3, ?4, ?5, 0, 0, 0, 0, 0)`);
  const many = db.prepare(INSERT + Array.from({ length: ROWS_PER_INSERT }, (_, i) => rowAt(3 + 3 * i)).join(", "));
  return ({ seq: messageSeq, deliveries, deliverAt, acceptedAt }) => {
    const dueAt = deliverAt ?? acceptedAt;
    const inPortions = deliveries.length - (deliveries.length % ROWS_PER_INSERT);
    for (let at = 0; at < inPortions; at += ROWS_PER_INSERT) {
      const values = [messageSeq, dueAt];
      for (let i = at; i < at + ROWS_PER_INSERT; i++) {
        const { seq, endpointSeq } = deliveries[i]!;
        values.push(seq, endpointSeq, placeAt(seq, deliverAt));
      }
      many.run(...values);
    }
    for (let i = inPortions; i < deliveries.length; i++) {
      const { seq, endpointSeq } = deliveries[i]!;
      one.run(messageSeq, dueAt, seq, endpointSeq, placeAt(seq, deliverAt));
    }
  };
}

/** Returns the values of one row. Its first parameter has the number `first`. */
function rowAt(first: number): string {
  return `(?1, ?2, ?${first}, ?${first + 1}, ?${first + 2}, 0, 0, 0, 0, 0)`;
}
