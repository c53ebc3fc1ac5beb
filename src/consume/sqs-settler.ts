import type { Clock } from "../ports.ts";
import { BrokerError } from "./broker.ts";
import { pause } from "./pause.ts";
import type { SqsCall } from "./sqs-call.ts";
import type { SqsMessage } from "./sqs-message.ts";

/** Maximum number of messages in one request. */
const BATCH_MAX = 10;
/** Time limit for releasing messages, in ms. */
const RELEASE_MS_MAX = 2000;
const neverAborted = new AbortController().signal;

interface Removal {
  readonly message: SqsMessage;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Removes messages from a queue, up to ten with one request, and releases those that are not removed. */
export class SqsSettler {
  /** Messages that were received and not removed. */
  readonly #open = new Set<SqsMessage>();
  #removals: Removal[] = [];
  readonly #end = new AbortController();
  #isReleasing = false;

  constructor(
    private readonly clock: Clock,
    private readonly call: SqsCall,
  ) {}

  /** Registers messages that were received. After `release`, it releases them at once. */
  expect(messages: readonly SqsMessage[]): void {
    if (this.#isReleasing) void this.#releaseAll(messages, neverAborted);
    else for (const message of messages) this.#open.add(message);
  }

  /** Removes a message. Also resolves if its visibility timeout has passed: SQS delivers it again. */
  remove(message: SqsMessage): Promise<void> {
    if (this.#removals.length === 0) this.clock.soon(() => this.#removeAll());
    return new Promise((resolve, reject) => this.#removals.push({ message, resolve, reject }));
  }

  /** Makes SQS deliver the messages that were not removed to others at once. */
  async release(): Promise<void> {
    this.#isReleasing = true;
    const messages = [...this.#open];
    this.#open.clear();
    const released = this.#releaseAll(messages, this.#end.signal);
    await Promise.race([released, pause(this.clock, RELEASE_MS_MAX, this.#end.signal)]);
    this.#end.abort();
  }

  async #releaseAll(messages: readonly SqsMessage[], signal: AbortSignal): Promise<void> {
    const released = batchesOf(messages).map((batch) => {
      const entries = batch.map((message, i) => ({ ...entryOf(message, i), VisibilityTimeout: 0 }));
      // If this fails, SQS delivers the messages again after their visibility timeout.
      return this.call("ChangeMessageVisibilityBatch", { Entries: entries }, signal).catch(() => {});
    });
    await Promise.all(released);
  }

  #removeAll(): void {
    const removals = this.#removals;
    this.#removals = [];
    for (const batch of batchesOf(removals)) void this.#removeBatch(batch);
  }

  async #removeBatch(batch: readonly Removal[]): Promise<void> {
    try {
      const entries = batch.map(({ message }, i) => entryOf(message, i));
      await this.call("DeleteMessageBatch", { Entries: entries }, this.#end.signal);
      for (const { message, resolve } of batch) {
        this.#open.delete(message);
        resolve();
      }
    } catch (error) {
      for (const { reject } of batch) reject(error instanceof BrokerError ? error : new BrokerError(String(error)));
    }
  }
}

function batchesOf<T>(all: readonly T[]): T[][] {
  const batches: T[][] = [];
  for (let at = 0; at < all.length; at += BATCH_MAX) batches.push(all.slice(at, at + BATCH_MAX));
  return batches;
}

function entryOf({ receiptHandle }: SqsMessage, index: number) {
  return { Id: String(index), ReceiptHandle: receiptHandle };
}
