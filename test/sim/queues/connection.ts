import {
  type BrokerConnection,
  BrokerError,
  type BrokerMessage,
  type Disposition,
} from "../../../src/consume/broker.ts";
import type { VirtualClock } from "../clock.ts";
import type { Dice } from "../dice.ts";
import type { Marks } from "../marks.ts";
import type { Item, SimQueue } from "./queue.ts";

/** A message as a program receives it. */
export interface QueueMessage extends BrokerMessage {
  readonly item: Item;
}

export interface ConnectionParts {
  readonly clock: VirtualClock;
  readonly dice: Dice;
  readonly marks: Marks;
  /** Returns whether the connection is lost at this step. */
  readonly rollLoss: () => boolean;
}

/** Delays of one step in ms; each is a limit from which a seed draws. */
const STEP_MS_MAX = [1, 1, 5, 50];
const LOSS_MS_MAX = [1, 10, 100, 2000];

/**
 * A connection to a simulated broker of AMQP or NATS. It may be lost at each step, also between the
 * arrival of an acknowledgement and its confirmation. Then its unsettled messages are in the queue again.
 */
export class QueueConnection implements BrokerConnection<QueueMessage> {
  readonly #unsettled = new Set<Item>();
  readonly #loss = Promise.withResolvers<never>();
  #isOpen = true;
  /** Number of messages that are settled while the program does not know it. */
  #unconfirmed = 0;

  constructor(
    private readonly parts: ConnectionParts,
    readonly queue: SimQueue,
  ) {
    this.#loss.promise.catch(() => {});
  }

  async receive(max: number, signal: AbortSignal): Promise<readonly QueueMessage[]> {
    const aborted = Promise.withResolvers<never>();
    aborted.promise.catch(() => {});
    const abort = () => aborted.reject(new BrokerError("The connection was ended."));
    signal.addEventListener("abort", abort);
    if (signal.aborted) abort();
    try {
      for (;;) {
        await this.#unlessLost(this.#step(), aborted.promise);
        const items = this.queue.take(Math.min(max, this.parts.dice.pick([1, 10, max])));
        if (items.length > 0) return this.#received(items);
        await this.#unlessLost(this.queue.changed, aborted.promise);
      }
    } finally {
      signal.removeEventListener("abort", abort);
    }
  }

  async settle({ item }: QueueMessage, _how: Disposition): Promise<void> {
    this.#perhapsLose();
    await this.#unlessLost(this.#step());
    this.#unsettled.delete(item);
    this.queue.remove(item);
    this.#unconfirmed++;
    this.#perhapsLose();
    await this.#unlessLost(this.#step());
    this.#unconfirmed--;
  }

  async close(): Promise<void> {
    await this.#step();
    this.lose("The connection was closed.");
  }

  /** Ends the connection. The broker notices it at once. */
  lose(error: string): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    if (this.#unconfirmed > 0) this.parts.marks.hit("queue: acknowledged and not confirmed");
    this.queue.giveBack(this.#unsettled);
    this.#loss.reject(new BrokerError(error));
  }

  #received(items: readonly Item[]): QueueMessage[] {
    for (const item of items) this.#unsettled.add(item);
    this.#perhapsLose();
    return items.map((item) => ({ ...contentOf(item, this.queue.name), item }));
  }

  #perhapsLose(): void {
    const { clock, dice, rollLoss } = this.parts;
    if (!rollLoss()) return;
    clock.at(dice.below(dice.pick(LOSS_MS_MAX)), () => this.lose("The connection was lost."));
  }

  #step(): Promise<void> {
    const { clock, dice } = this.parts;
    return new Promise((resolve) => clock.at(dice.below(dice.pick(STEP_MS_MAX)), resolve));
  }

  async #unlessLost(step: Promise<void>, ...others: Promise<never>[]): Promise<void> {
    await Promise.race([step, this.#loss.promise, ...others]);
  }
}

/** Returns a message as brokers deliver it. */
function contentOf({ publication }: Item, place: string): BrokerMessage {
  const { id, headers, body } = publication;
  return { id, eventType: null, headers, body, place };
}
