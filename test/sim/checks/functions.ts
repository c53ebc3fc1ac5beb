import type { Database } from "bun:sqlite";
import type { FunctionMessage } from "../../../src/core/function-message.ts";
import type { IdCodec, Seq } from "../../../src/core/id.ts";
import type { OutgoingRequest } from "../../../src/ports.ts";
import type { VirtualClock } from "../clock.ts";
import { partsOfFunction } from "../functions.ts";
import type { Marks } from "../marks.ts";
import type { Sent } from "../scene.ts";
import type { InFlight } from "../watch/in-flight.ts";
import type { Violation } from "./violation.ts";

/** A message that a function has sent. */
interface FunctionMessageSent {
  readonly id: string;
  /** The life of the program in which the function first got its id. */
  readonly life: number;
}

interface DeliveryRow {
  readonly seq: Seq;
  readonly code: string;
  readonly payload: Uint8Array;
}

/**
 * Checks that what functions do is done once: no message of a function is stored twice, and none is
 * missing if the delivery counts as delivered.
 */
export class FunctionChecks {
  /** By the delivery and the number of the message. */
  readonly #messages = new Map<string, FunctionMessageSent>();
  #life = 0;

  constructor(
    private readonly db: Database,
    private readonly clock: VirtualClock,
    private readonly sent: Sent[],
    private readonly inFlight: InFlight,
    private readonly marks: Marks,
    private readonly violation: Violation,
  ) {}

  programStarted(): void {
    this.#life++;
  }

  /** Must be called when a function gets the id of a message that it has sent. */
  messageSent({ deliverySeq, index, applicationSeq, json }: FunctionMessage, id: string, ids: IdCodec): void {
    const key = keyOf(deliverySeq, index);
    const before = this.#messages.get(key);
    if (before !== undefined) {
      if (before.id !== id) this.violation(`a function has sent message ${index} of delivery ${deliverySeq} twice`);
      this.marks.hit(
        before.life === this.#life ? "function: message repeated" : "function: message repeated after a restart",
      );
      return;
    }
    this.#messages.set(key, { id, life: this.#life });
    this.marks.hit("function: message sent");
    const payload = Buffer.from(JSON.stringify((JSON.parse(json) as { readonly payload: unknown }).payload));
    const seq = ids.decode("msg_", id) ?? 0;
    const times = { sentAt: this.clock.now, deliverAt: null, expiresAt: null };
    this.sent.push({ ...{ seq, applicationSeq, payload }, ...times, answer: "accepted" });
  }

  /** Must be called when a function makes a request. The body is the id of the message. */
  requested({ body }: OutgoingRequest, ids: IdCodec): void {
    this.marks.hit("function: request made");
    const messageSeq = ids.decode("msg_", Buffer.from(body).toString());
    const isBegun = [...this.inFlight.attempts.values()].some((attempt) => attempt.messageSeq === messageSeq);
    if (!isBegun) this.violation(`a function makes a request for message ${messageSeq} without an attempt`);
  }

  /** Checks at the end that functions have sent every message, and only once. */
  eachSentOnce(): void {
    const doubled = this.db
      .query<{ cause: string; part: number; by: string }, []>(
        `SELECT payload ->> 'cause' AS cause, payload ->> 'by' AS by, payload ->> 'part' AS part FROM
           (SELECT CAST(payload AS TEXT) AS payload FROM message m JOIN application a ON a.seq = m.application_seq
            WHERE payload IS NOT NULL AND received IS NULL AND a.operational = 0)
         WHERE by IS NOT NULL GROUP BY cause, by, part HAVING COUNT(*) > 1`,
      )
      .all();
    for (const { cause, part, by } of doubled) {
      this.violation(`the function ${by} has sent message ${part} for ${cause} twice`);
    }
    const delivered = this.db
      .query<DeliveryRow, []>(
        `SELECT d.seq, e.function ->> 'code' AS code, m.payload FROM delivery d
           JOIN endpoint e ON e.seq = d.endpoint_seq JOIN message m ON m.seq = d.message_seq
         WHERE d.state = 1 AND e.function IS NOT NULL AND m.payload IS NOT NULL AND m.received IS NULL`,
      )
      .all();
    for (const row of delivered) this.#checkDelivered(row);
  }

  #checkDelivered({ seq, code, payload }: DeliveryRow): void {
    const { mark } = JSON.parse(Buffer.from(payload).toString()) as { readonly mark?: string | null };
    const parts = mark === undefined ? 0 : partsOfFunction(code);
    for (let part = 0; part < parts; part++) {
      const isSent = this.#messages.has(keyOf(seq, part));
      if (!isSent) this.violation(`delivery ${seq} counts as delivered without message ${part} of its function`);
    }
  }
}

function keyOf(deliverySeq: Seq, index: number): string {
  return `${deliverySeq} ${index}`;
}
