import type { Clock } from "../ports.ts";
import { BrokerError } from "./broker.ts";
import { pause } from "./pause.ts";
import { neverAborted, type SqsCall } from "./sqs-call.ts";
import type { SqsMessage } from "./sqs-message.ts";

/** Maximum number of messages in one request. */
const BATCH_MAX = 10;
/** Maximum number of requests that remove a message, and the time between two, in ms. */
const REMOVALS_MAX = 3;
const REMOVAL_PAUSE_MS = 1000;
/** Time limit for releasing messages, in ms. */
const RELEASE_MS_MAX = 2000;
/** Maximum length of the reason in an error, in characters. */
const REASON_CHARS_MAX = 500;

interface Removal {
  readonly message: SqsMessage;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
  /** Number of requests before this one that did not remove the message. */
  readonly failures: number;
}

/** An entry of a request that SQS did not carry out. */
interface FailedEntry {
  /** Whether another request would fail too, as after the visibility timeout of the message. */
  readonly isPermanent: boolean;
  readonly reason: string;
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

  /**
   * Removes a message. Also resolves if SQS refuses that for this message, as after its visibility
   * timeout: SQS delivers it again.
   */
  remove(message: SqsMessage): Promise<void> {
    return new Promise((resolve, reject) => this.#add({ message, resolve, reject, failures: 0 }));
  }

  #add(removal: Removal): void {
    if (this.#removals.length === 0) this.clock.soon(() => this.#removeAll());
    this.#removals.push(removal);
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
      const { Failed: field } = await this.call("DeleteMessageBatch", { Entries: entries }, this.#end.signal);
      const failed = failedEntriesOf(field);
      for (const [i, removal] of batch.entries()) this.#removed(removal, failed.get(String(i)));
    } catch (error) {
      for (const { reject } of batch) reject(error instanceof BrokerError ? error : new BrokerError(String(error)));
    }
  }

  /** Handles the end of a request to remove a message. `failed` says why SQS did not remove it. */
  #removed(removal: Removal, failed: FailedEntry | undefined): void {
    const failures = removal.failures + 1;
    if (failed === undefined || failed.isPermanent) {
      this.#open.delete(removal.message);
      removal.resolve();
    } else if (failures < REMOVALS_MAX) {
      void pause(this.clock, REMOVAL_PAUSE_MS, this.#end.signal).then(() => this.#add({ ...removal, failures }));
    } else {
      removal.reject(new BrokerError(`SQS does not remove messages (${failed.reason}).`));
    }
  }
}

/** Returns the failed entries of a response, by the ids of the entries. */
function failedEntriesOf(field: unknown): ReadonlyMap<string, FailedEntry> {
  const entries: readonly unknown[] = Array.isArray(field) ? field : [];
  return new Map(
    entries.map((entry) => {
      const { Id: id, SenderFault: isPermanent, Code: code, Message: message } = Object(entry);
      const reason = [code, message].filter((part) => typeof part === "string").join(": ") || "unknown error";
      return [String(id), { isPermanent: isPermanent === true, reason: reason.slice(0, REASON_CHARS_MAX) }];
    }),
  );
}

function batchesOf<T>(all: readonly T[]): T[][] {
  const batches: T[][] = [];
  for (let at = 0; at < all.length; at += BATCH_MAX) batches.push(all.slice(at, at + BATCH_MAX));
  return batches;
}

function entryOf({ receiptHandle }: SqsMessage, index: number) {
  return { Id: String(index), ReceiptHandle: receiptHandle };
}
