import type { Clock } from "../ports.ts";
import type { BrokerConnection, BrokerMessage, Disposition } from "./broker.ts";
import { pause } from "./pause.ts";
import type { Taking } from "./take.ts";

/** Maximum number of messages that are stored in one commit. */
const TAKEN_AT_ONCE_MAX = 100;
/** Size of the unsettled messages from which no more are received. */
const UNSETTLED_BYTES_MAX = 32 * 1024 * 1024;
/** Time limit for settling the stored messages after the end of a session, in ms. */
const LAST_SETTLING_MS_MAX = 2000;

export interface SessionParts {
  readonly clock: Clock;
  readonly connection: BrokerConnection;
  readonly prefetch: number;
  /** Stores messages, in their order. Resolves after they are on disk. */
  readonly take: (messages: readonly BrokerMessage[]) => Promise<Taking>;
  /** Called after messages have been received. */
  readonly onReceived: () => void;
  /** Called after each call of `take`, with whether messages wait because the store is unavailable. */
  readonly onTaken: (isUnavailable: boolean) => void;
}

/**
 * Takes messages from one connection until it is lost or stopped. Receives at most `prefetch` messages
 * ahead, and fewer if they are large, so that the store sets the pace. Settles each message after it is
 * on disk.
 */
export class Session {
  /** Messages that are not stored yet, in their order. */
  readonly #waiting: BrokerMessage[] = [];
  readonly #settling = new Set<Promise<void>>();
  /** Size of all messages that are not settled yet. */
  #unsettledBytes = 0;
  readonly #end = new AbortController();
  #failure: { readonly error: unknown } | null = null;
  /** Resolves when there may be something to do for a loop that waits. */
  #change = Promise.withResolvers<void>();

  constructor(private readonly parts: SessionParts) {}

  /** Resolves after `signal` aborts. Rejects if the connection is lost or messages cannot be taken. */
  async run(signal: AbortSignal): Promise<void> {
    const stop = () => this.#finish(null);
    signal.addEventListener("abort", stop);
    if (signal.aborted) stop();
    await Promise.all([this.#untilEnd(() => this.#receive()), this.#untilEnd(() => this.#take())]);
    signal.removeEventListener("abort", stop);
    await this.#settleLast();
    if (this.#failure !== null) throw this.#failure.error;
  }

  get #unsettled(): number {
    return this.#waiting.length + this.#settling.size;
  }

  /** Repeats `step` until the session ends. */
  async #untilEnd(step: () => Promise<void>): Promise<void> {
    try {
      while (!this.#end.signal.aborted) await step();
    } catch (error) {
      this.#finish({ error });
    }
  }

  #finish(failure: { readonly error: unknown } | null): void {
    // Errors after the end are its consequences.
    if (this.#end.signal.aborted) return;
    this.#failure = failure;
    this.#end.abort();
    this.#changed();
  }

  async #receive(): Promise<void> {
    const room = this.parts.prefetch - this.#unsettled;
    if (room <= 0 || this.#unsettledBytes >= UNSETTLED_BYTES_MAX) return this.#change.promise;
    const messages = await this.parts.connection.receive(room, this.#end.signal);
    this.parts.onReceived();
    this.#waiting.push(...messages);
    for (const { body } of messages) this.#unsettledBytes += body.length;
    this.#changed();
  }

  async #take(): Promise<void> {
    if (this.#waiting.length === 0) return this.#change.promise;
    const { dispositions, waitMs, isUnavailable } = await this.parts.take(this.#waiting.slice(0, TAKEN_AT_ONCE_MAX));
    this.parts.onTaken(isUnavailable);
    const messages = this.#waiting.splice(0, dispositions.length);
    for (const [i, message] of messages.entries()) this.#settle(message, dispositions[i]!);
    if (waitMs > 0) await pause(this.parts.clock, waitMs, this.#end.signal);
  }

  #settle(message: BrokerMessage, how: Disposition): void {
    const settling = this.parts.connection
      .settle(message, how)
      .catch((error: unknown) => this.#finish({ error }))
      .finally(() => {
        this.#settling.delete(settling);
        this.#unsettledBytes -= message.body.length;
        this.#changed();
      });
    this.#settling.add(settling);
  }

  /** Waits until the stored messages are settled, up to a limit. */
  async #settleLast(): Promise<void> {
    const settled = new AbortController();
    const limit = pause(this.parts.clock, LAST_SETTLING_MS_MAX, settled.signal);
    await Promise.race([limit, Promise.all(this.#settling)]);
    settled.abort();
  }

  #changed(): void {
    this.#change.resolve();
    this.#change = Promise.withResolvers();
  }
}
