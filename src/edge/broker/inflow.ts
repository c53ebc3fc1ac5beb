import type { BrokerError } from "../../core/broker.ts";
import { orAborted } from "../connection-sharing.ts";

/** Messages that a broker has sent and that nobody has received yet. */
export class Inflow<Message> {
  #waiting: Message[] = [];
  #end: BrokerError | null = null;
  #change = Promise.withResolvers<void>();

  add(message: Message): void {
    if (this.#end !== null) return;
    this.#waiting.push(message);
    this.#changed();
  }

  /** Ends the inflow; only the first error counts. Drops the messages, because the broker sends them again. */
  end(error: BrokerError): void {
    this.#end ??= error;
    this.#waiting = [];
    this.#changed();
  }

  /** Throws the error with which the inflow ended, if it has. */
  throwIfEnded(): void {
    if (this.#end !== null) throw this.#end;
  }

  /** Resolves to the next messages: at least one, at most `max`. Rejects after the end or after `signal` aborts. */
  async receive(max: number, signal: AbortSignal): Promise<Message[]> {
    for (;;) {
      this.throwIfEnded();
      if (this.#waiting.length > 0) return this.#waiting.splice(0, max);
      await orAborted(this.#change.promise, signal);
    }
  }

  #changed(): void {
    this.#change.resolve();
    this.#change = Promise.withResolvers();
  }
}
