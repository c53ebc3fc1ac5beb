import type { Database } from "bun:sqlite";
import { WEBSOCKET_URL } from "../../../src/core/endpoint-url/websocket.ts";
import { type IdCodec, type Seq, seqAt } from "../../../src/core/id.ts";
import type { DeliveryPolicy } from "../../../src/deliver/policy.ts";
import { PURGE } from "../../../src/deliver/tasks/purge.ts";
import { hostOfFunction } from "../functions.ts";
import type { Arrival, Network } from "../network.ts";
import type { Sent } from "../scene.ts";
import { hostOfConsumers } from "../sockets/sim-consumer.ts";
import { thinEventOf } from "../thin.ts";
import { marksOf } from "../versions.ts";
import type { Violation } from "./violation.ts";

const PENDING = 0;
const DELIVERED = 1;
const DEAD = 2;

interface MessageRow {
  readonly seq: Seq;
  readonly application_seq: Seq;
  readonly payload: Uint8Array | null;
}

interface DeliveryRow {
  readonly seq: Seq;
  readonly message_seq: Seq;
  readonly endpoint_seq: Seq;
  readonly state: number;
  readonly attempts: number;
  readonly reason: string | null;
  /** The URL of the endpoint. */
  readonly url: string;
  /** The code of the endpoint if it is a function. */
  readonly code: string | null;
  readonly deleted_at: number | null;
  readonly retry_schedule: string | null;
}

/** Checks the state of every message at the end. */
export class EndingChecks {
  readonly #expunged = new Set<Seq>();
  /** By application, the sequence number before which messages may have been purged. */
  readonly #purged = new Map<Seq, Seq>();
  /** Endpoints whose retry schedule has changed. */
  readonly #rescheduled = new Set<Seq>();
  /** Endpoints whose dead letters were dropped. */
  readonly #dropped = new Set<Seq>();
  readonly #cancelled = new Set<Seq>();
  /** By endpoint, the number before which its pending deliveries may have been cancelled. */
  readonly #cancelledFor = new Map<Seq, Seq>();
  /** The sequence number before which the retention may have deleted messages. */
  #prunedTo: Seq = 0;
  /** Latest time at which the retention ran, by the wall clock. */
  #prunedAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly db: Database,
    private readonly policy: DeliveryPolicy,
    private readonly violation: Violation,
  ) {}

  /**
   * Must be called before an expunge is requested, whether or not it succeeds. The same applies to
   * the other `mayBe…` methods.
   */
  mayBeExpunged(messageSeq: Seq): void {
    this.#expunged.add(messageSeq);
  }

  mayBePurged(applicationSeq: Seq, upTo: Seq): void {
    this.#purged.set(applicationSeq, upTo);
  }

  mayBePruned(now: number, retentionMs: number): void {
    this.#prunedTo = Math.max(this.#prunedTo, seqAt(now - retentionMs));
    this.#prunedAt = Math.max(this.#prunedAt, now);
  }

  mayBeRescheduled(endpointSeq: Seq): void {
    this.#rescheduled.add(endpointSeq);
  }

  mayBeDropped(endpointSeq: Seq): void {
    this.#dropped.add(endpointSeq);
  }

  mayBeCancelled(messageSeq: Seq): void {
    this.#cancelled.add(messageSeq);
  }

  mayBeCancelledFor(endpointSeq: Seq, before: Seq): void {
    this.#cancelledFor.set(endpointSeq, before);
  }

  /**
   * Checks that every accepted message is stored unchanged, and that each of its deliveries is
   * delivered or dead.
   */
  everyMessage(sent: readonly Sent[], network: Network, ids: IdCodec): void {
    const arrived = new Map(network.arrivals.map((arrival) => [`${arrival.host} ${arrival.messageId}`, arrival]));
    const stored = this.#storedMessages();
    const payloads = new Set([...stored.values()].map(({ payload }) => textOf(payload)));
    const deliveries = this.#storedDeliveries();
    for (const message of sent) {
      if (message.answer === "refused") {
        const text = textOf(message.payload);
        if (payloads.has(text)) this.violation(`a refused message is stored: ${text}`);
      } else if (this.#isKept(message, stored.get(message.seq))) {
        const id = ids.encode("msg_", message.seq);
        for (const row of deliveries.get(message.seq) ?? []) {
          const host = hostOf(row);
          this.#checkDelivery(row, message, arrived.get(`${host} ${id}`), network.moodOf(host) !== "gone");
        }
      }
    }
  }

  /** Checks that finished purges have left no payload. */
  nothingSurvivedPurge(): void {
    const rows = this.db
      .query<{ seq: Seq }, [string]>(
        `SELECT m.seq FROM task t JOIN message m ON m.application_seq = t.data ->> 'applicationSeq' AND m.seq < t.seq
         WHERE t.kind = ? AND t.status = 'finished' AND m.payload IS NOT NULL`,
      )
      .all(PURGE);
    for (const { seq } of rows) this.violation(`message ${seq} still has its payload after a purge`);
  }

  #storedMessages(): Map<Seq, MessageRow> {
    const rows = this.db.query<MessageRow, []>("SELECT seq, application_seq, payload FROM message").all();
    return new Map(rows.map((row) => [row.seq, row]));
  }

  #storedDeliveries(): Map<Seq, DeliveryRow[]> {
    const rows = this.db
      .query<DeliveryRow, []>(
        `SELECT d.*, e.url, e.function ->> 'code' AS code, e.deleted_at, e.retry_schedule FROM delivery d
           JOIN endpoint e ON e.seq = d.endpoint_seq`,
      )
      .all();
    return Map.groupBy(rows, ({ message_seq }) => message_seq);
  }

  /**
   * Returns whether a message is stored with its payload. The message or the payload may be missing
   * only if it was deleted on purpose.
   */
  #isKept({ seq, payload, expiresAt }: Sent, stored: MessageRow | undefined): boolean {
    if (stored === undefined) {
      if (seq >= this.#prunedTo) this.violation(`message ${seq} was accepted and is lost`);
      return false;
    }
    if (stored.payload === null) {
      const purgedTo = this.#purged.get(stored.application_seq) ?? 0;
      const hasExpired = expiresAt !== null && expiresAt <= this.#prunedAt;
      const isDeleted = this.#expunged.has(seq) || seq < purgedTo || hasExpired;
      if (!isDeleted) this.violation(`message ${seq} has lost its payload`);
      return false;
    }
    if (!Buffer.from(stored.payload).equals(payload)) this.violation(`message ${seq} is not stored as it came`);
    return true;
  }

  #checkDelivery(row: DeliveryRow, { payload }: Sent, arrival: Arrival | undefined, isReachable: boolean): void {
    const { seq, state, reason, deleted_at } = row;
    if (state === DELIVERED) {
      if (arrival === undefined) this.violation(`delivery ${seq} counts as delivered but never arrived`);
      else if (
        thinEventOf(arrival.body) === null &&
        !isSame({ ...arrival, body: marksOf(arrival.body).original }, payload)
      )
        this.violation(`delivery ${seq} arrived with other bytes`);
    } else if (state === DEAD) {
      if (isReachable && deleted_at === null) {
        this.violation(`delivery ${seq} is dead (${reason}) after a redrive to a healthy endpoint`);
      }
      this.#checkDeath(row);
    } else if (
      state !== PENDING &&
      deleted_at === null &&
      !this.#dropped.has(row.endpoint_seq) &&
      !this.#cancelled.has(row.message_seq) &&
      row.message_seq >= (this.#cancelledFor.get(row.endpoint_seq) ?? 0) &&
      !this.#wasUnwanted(seq)
    ) {
      this.violation(`delivery ${seq} is cancelled although its endpoint exists`);
    }
  }

  /** Returns whether a transformation has cancelled a delivery. */
  #wasUnwanted(deliverySeq: Seq): boolean {
    const attempt = this.db.query(
      "SELECT 1 FROM attempt WHERE delivery_seq = ? AND reason IS NULL AND response_status = 0",
    );
    return attempt.get(deliverySeq) !== null;
  }

  #checkDeath({ seq, endpoint_seq, attempts, reason, retry_schedule }: DeliveryRow): void {
    if (reason === "gone" || reason === "disabled" || this.#rescheduled.has(endpoint_seq)) return;
    const schedule = retry_schedule === null ? this.policy.retryScheduleMs : (JSON.parse(retry_schedule) as number[]);
    if (attempts !== schedule.length) {
      this.violation(`delivery ${seq} is dead after ${attempts + 1} attempts, its schedule has ${schedule.length + 1}`);
    }
  }
}

/** Returns the name under which the messages of an endpoint arrive. */
function hostOf({ endpoint_seq: endpointSeq, url, code }: DeliveryRow): string {
  if (code !== null) return hostOfFunction(code);
  return url === WEBSOCKET_URL ? hostOfConsumers(endpointSeq) : new URL(url).hostname;
}

function isSame({ body, text }: Arrival, payload: Uint8Array): boolean {
  return Buffer.from(body).equals(payload) || (text !== undefined && text === utf8.decode(payload));
}

const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });

function textOf(payload: Uint8Array | null): string {
  return payload === null ? "" : Buffer.from(payload).toString("utf8");
}
