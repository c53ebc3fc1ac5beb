import type { ProtocolResult } from "../../core/protocol-answer.ts";
import type { KafkaMessage } from "../../ports.ts";
import { isMessageRefused } from "./reply.ts";

/** Maximum number and size of the messages that share a request. A larger message is sent alone. */
const BATCH_MESSAGES_MAX = 500;
const BATCH_BYTES_MAX = 256 * 1024;

interface Waiting {
  readonly message: KafkaMessage;
  readonly signal: AbortSignal;
  readonly resolve: (result: ProtocolResult) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Sends the messages for one partition, one request at a time. Messages that wait for the response share
 * the next request. A partition takes all messages of a request or none.
 */
export class Batches {
  #waiting: Waiting[] = [];
  #isSending = false;

  /** `send` resolves to one result for each message. */
  constructor(private readonly send: (messages: readonly KafkaMessage[]) => Promise<readonly ProtocolResult[]>) {}

  /** Adds a message, which is not sent if `signal` aborts before its request. */
  add(message: KafkaMessage, signal: AbortSignal): Promise<ProtocolResult> {
    const { promise, resolve, reject } = Promise.withResolvers<ProtocolResult>();
    this.#waiting.push({ message, signal, resolve, reject });
    if (!this.#isSending) void this.#sendAll();
    return promise;
  }

  async #sendAll(): Promise<void> {
    this.#isSending = true;
    while (this.#waiting.length > 0) {
      const batch = this.#next();
      if (batch.length > 0) await this.#sendBatch(batch);
    }
    this.#isSending = false;
  }

  /** Sends the halves of a batch that is refused because of one message or its size. */
  async #sendBatch(batch: readonly Waiting[]): Promise<void> {
    try {
      const results = await this.send(batch.map(({ message }) => message));
      for (const [i, { resolve }] of batch.entries()) resolve(results[i]!);
    } catch (error) {
      if (batch.length > 1 && isMessageRefused(error)) {
        const half = Math.ceil(batch.length / 2);
        await this.#sendBatch(batch.slice(0, half));
        await this.#sendBatch(batch.slice(half));
      } else {
        for (const { reject } of batch) reject(error);
      }
    }
  }

  /** Takes the messages of the next request, and rejects those whose signal has aborted. */
  #next(): readonly Waiting[] {
    const batch: Waiting[] = [];
    let bytes = 0;
    let taken = 0;
    for (const waiting of this.#waiting) {
      const size = waiting.message.body.length;
      if (batch.length > 0 && (batch.length >= BATCH_MESSAGES_MAX || bytes + size > BATCH_BYTES_MAX)) break;
      taken++;
      if (waiting.signal.aborted) {
        waiting.reject(waiting.signal.reason);
        continue;
      }
      bytes += size;
      batch.push(waiting);
    }
    this.#waiting = this.#waiting.slice(taken);
    return batch;
  }
}
