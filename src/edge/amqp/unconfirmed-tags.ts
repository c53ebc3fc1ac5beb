import type { ConfirmChannel } from "amqplib";

/** A server's confirm of a message, or of all messages up to it. */
interface Confirm {
  readonly deliveryTag: number;
  readonly multiple: boolean;
}

/**
 * The messages on a channel that its server has not confirmed, by their tags. A confirm of any other
 * message ends the connection: the client would extend an array up to its tag, which blocks the event
 * loop for minutes if the tag is high.
 */
export class UnconfirmedTags {
  readonly #tags = new Set<number>();
  #last = 0;

  constructor(channel: ConfirmChannel) {
    const check = (confirm: Confirm) => this.#confirmed(confirm);
    // The check must run before the client's own listeners.
    channel.prependListener("ack", check);
    channel.prependListener("nack", check);
  }

  /** Must be called after each message was published. */
  add(): void {
    this.#tags.add(++this.#last);
  }

  #confirmed({ deliveryTag, multiple }: Confirm): void {
    // The client ends the connection with this error.
    if (!this.#tags.has(deliveryTag)) throw new Error("The server confirmed a message that it did not get.");
    if (!multiple) {
      this.#tags.delete(deliveryTag);
      return;
    }
    for (const tag of this.#tags) {
      if (tag > deliveryTag) return;
      this.#tags.delete(tag);
    }
  }
}
