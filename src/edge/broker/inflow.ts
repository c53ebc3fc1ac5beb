import { BrokerError } from "../../core/broker.ts";
import { orAborted } from "../connection-sharing.ts";

/** The messages that a broker has sent and that wait until they are received. */
export class Inflow<Message> {
  #waiting: Message[] = [];
  /** Number of messages that were added and not settled. */
  #unsettled = 0;
  #end: BrokerError | null = null;
  #change = Promise.withResolvers<void>();
  #emptied = Promise.withResolvers<void>();

  /** A broker that sends more than `unsettledMax` unsettled messages breaks its protocol. */
  constructor(private readonly unsettledMax: number) {}

  /** Whether no message waits. */
  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  /** Number of messages that may be added before others are settled. */
  get room(): number {
    return this.unsettledMax - this.#unsettled;
  }

  /**
   * Adds a message. If there are too many, ends the inflow and returns false: the connection must then
   * be closed at once.
   */
  add(message: Message): boolean {
    if (this.#end !== null) return true;
    if (this.#unsettled >= this.unsettledMax) {
      this.end(new BrokerError("The broker sends more messages than it may."));
      return false;
    }
    this.#unsettled++;
    if (this.isEmpty) this.#emptied = Promise.withResolvers();
    this.#waiting.push(message);
    this.#changed();
    return true;
  }

  /** Must be called when a message is settled. Throws the error with which the inflow ended, if it has. */
  settle(): void {
    this.#throwIfEnded();
    this.#unsettled--;
  }

  /**
   * Ends the inflow with an error, unless it has ended already. Drops the messages, because the broker
   * sends them again.
   */
  end(error: BrokerError): void {
    this.#end ??= error;
    this.drop();
    this.#changed();
  }

  /** Drops the messages that wait, because the broker sends them again. */
  drop(): void {
    this.#waiting = [];
    this.#emptied.resolve();
  }

  /** Resolves when all messages were received or dropped. */
  async emptied(): Promise<void> {
    if (!this.isEmpty) await this.#emptied.promise;
  }

  /** Resolves to the next messages: at least one, at most `max`. Rejects after the end or after `signal` aborts. */
  async receive(max: number, signal: AbortSignal): Promise<Message[]> {
    for (;;) {
      this.#throwIfEnded();
      if (!this.isEmpty) return this.#take(max);
      await orAborted(this.#change.promise, signal);
    }
  }

  #throwIfEnded(): void {
    if (this.#end !== null) throw this.#end;
  }

  #take(max: number): Message[] {
    const messages = this.#waiting.splice(0, max);
    if (this.isEmpty) this.#emptied.resolve();
    return messages;
  }

  #changed(): void {
    this.#change.resolve();
    this.#change = Promise.withResolvers();
  }
}
