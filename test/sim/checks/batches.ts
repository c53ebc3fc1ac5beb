import type { Database, Statement } from "bun:sqlite";
import type { IdCodec, Seq } from "../../../src/core/id.ts";
import type { OutgoingRequest } from "../../../src/ports.ts";
import type { Marks } from "../marks.ts";
import { elementsOf } from "../network.ts";
import type { InFlight } from "../watch/in-flight.ts";
import type { Violation } from "./violation.ts";

/** A batch as it was sent last. */
interface SentBatch {
  readonly url: string;
  readonly messages: readonly Seq[];
  /** The life of the program in which it was sent. */
  readonly life: number;
}

interface DeliveryRow {
  readonly batchSeq: Seq | null;
  readonly state: number;
  readonly round: number;
}

/** The greatest number of messages that `rollBatch` allows. */
const MESSAGES_MAX = 20;
const PENDING = 0;

/**
 * Checks that a batch keeps its members and its id from its first attempt on, over restarts, and that
 * the store knew of it before it was sent.
 */
export class BatchChecks {
  readonly #sent = new Map<Seq, SentBatch>();
  readonly #delivery: Statement<DeliveryRow, [string, number]>;
  readonly #pending: Statement<{ messageSeq: Seq }, [number]>;
  #life = 0;

  constructor(
    db: Database,
    private readonly marks: Marks,
    private readonly inFlight: InFlight,
    private readonly violation: Violation,
  ) {
    this.#delivery = db.prepare(
      `SELECT d.batch_seq AS batchSeq, d.state, d.round FROM delivery d JOIN endpoint e ON e.seq = d.endpoint_seq
       WHERE e.url = ? AND d.message_seq = ? ORDER BY d.seq LIMIT 1`,
    );
    this.#pending = db.prepare("SELECT message_seq AS messageSeq FROM delivery WHERE batch_seq = ? AND state = 0");
  }

  programStarted(): void {
    this.#life++;
  }

  sent({ url: { href: url }, headers, body }: OutgoingRequest, ids: IdCodec): void {
    const id = headers.find(([name]) => name === "webhook-id")?.[1] ?? "";
    const batchSeq = ids.decode("batch_", id);
    if (batchSeq === null) return;
    const messages = elementsOf(body).map((element) => ids.decode("msg_", element.messageId) ?? 0);
    this.#check(batchSeq, url, messages);
    const before = this.#sent.get(batchSeq);
    if (before !== undefined) this.#compare(batchSeq, before, { url, messages, life: this.#life });
    if (messages.length > 1) this.marks.hit("batch: several messages");
    this.#sent.set(batchSeq, { url, messages, life: this.#life });
  }

  #check(batchSeq: Seq, url: string, messages: readonly Seq[]): void {
    if (messages.length === 0 || messages.length > MESSAGES_MAX) {
      this.violation(`batch ${batchSeq} has ${messages.length} messages`);
    }
    if (messages.some((seq, i) => i > 0 && seq <= messages[i - 1]!)) {
      this.violation(`batch ${batchSeq} is not in the order of acceptance`);
    }
    for (const messageSeq of messages) {
      const row = this.#delivery.get(url, messageSeq);
      // The delivery may have ended, or begun a new round, since the attempt began.
      if (row?.state === PENDING && row.batchSeq !== batchSeq && (row.batchSeq !== null || row.round === 0)) {
        this.violation(`message ${messageSeq} is sent in batch ${batchSeq}, which the store does not know`);
      }
      const isBegun = [...this.inFlight.attempts.values()].some((attempt) => attempt.messageSeq === messageSeq);
      if (!isBegun) this.violation(`message ${messageSeq} is sent in batch ${batchSeq} without an attempt`);
    }
    // Those whose transformation fails in this attempt are still members of a batch that was tried.
    if (this.#sent.has(batchSeq)) return;
    const sent = new Set(messages);
    const missing = this.#pending.all(batchSeq).filter(({ messageSeq }) => !sent.has(messageSeq));
    if (missing.length > 0) this.violation(`batch ${batchSeq} is sent without message ${missing[0]!.messageSeq}`);
  }

  #compare(batchSeq: Seq, before: SentBatch, now: SentBatch): void {
    this.marks.hit("batch: tried again");
    if (now.life !== before.life) this.marks.hit("batch: tried again after a restart");
    if (now.messages.length < before.messages.length) this.marks.hit("batch: a member has left");
    if (now.url !== before.url) this.violation(`batch ${batchSeq} is sent to another endpoint`);
    const known = new Set(before.messages);
    const added = now.messages.find((seq) => !known.has(seq));
    if (added !== undefined) this.violation(`batch ${batchSeq} was tried without message ${added}`);
  }
}
