import type { ChannelModel, ConfirmChannel, Message } from "amqplib";
import type { ProtocolResult } from "../../core/protocol-answer.ts";
import type { AmqpMessage } from "../../ports.ts";
import { limitContent } from "./content-limit.ts";
import { notRouted, unencodable } from "./reply.ts";
import { UnconfirmedTags } from "./unconfirmed-tags.ts";

const APP_ID = "boathook";
const CONFIRMED: ProtocolResult = { status: 200, text: "" };

/** A message that the server has not confirmed yet. */
interface Pending {
  readonly message: AmqpMessage;
  isReturned: boolean;
}

interface Open {
  readonly channel: ConfirmChannel;
  readonly unconfirmed: UnconfirmedTags;
}

/** A channel on which the server confirms each message. It ends with the first error. */
export class PublishChannel {
  readonly #channel: Promise<Open>;
  readonly #pending = new Set<Pending>();
  #isUsable = true;
  #error: Error | null = null;
  #inUse = 0;

  constructor(model: ChannelModel) {
    this.#channel = this.#open(model);
    // Every message that waits for the channel gets the error.
    this.#channel.catch(() => {
      this.#isUsable = false;
    });
  }

  get isUsable(): boolean {
    return this.#isUsable;
  }

  /** Whether no message is being published. */
  get isIdle(): boolean {
    return this.#inUse === 0;
  }

  /**
   * Publishes a message, unless `signal` has aborted before the channel is open. Resolves when the
   * server has confirmed it or could not route it. Rejects with the error that ended the channel.
   */
  async publish(message: AmqpMessage, signal: AbortSignal): Promise<ProtocolResult> {
    this.#inUse++;
    try {
      const open = await this.#channel;
      signal.throwIfAborted();
      return await this.#publishOn(open, message);
    } catch (error) {
      throw this.#error ?? error;
    } finally {
      this.#inUse--;
    }
  }

  close(): void {
    this.#isUsable = false;
    this.#channel
      .then(({ channel }) => channel.close())
      .catch(() => {
        // The channel has ended already.
      });
  }

  async #open(model: ChannelModel): Promise<Open> {
    const channel = await model.createConfirmChannel();
    // Only the properties of a returned message are read.
    limitContent(channel, 0);
    const unconfirmed = new UnconfirmedTags(channel);
    channel.on("error", (error) => {
      this.#isUsable = false;
      this.#error = error;
    });
    channel.on("close", () => {
      this.#isUsable = false;
    });
    channel.on("return", (returned) => this.#markReturned(returned));
    return { channel, unconfirmed };
  }

  async #publishOn({ channel, unconfirmed }: Open, message: AmqpMessage): Promise<ProtocolResult> {
    const { exchange, routingKey, body, id: messageId, eventType: type, contentType, timestamp, headers } = message;
    const properties = { messageId, type, contentType, timestamp, headers, appId: APP_ID };
    const options = { ...properties, mandatory: true, persistent: true };
    const pending: Pending = { message, isReturned: false };
    this.#pending.add(pending);
    try {
      await new Promise<void>((resolve, reject) => {
        const content = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
        channel.publish(exchange, routingKey, content, options, (error: Error | null) =>
          error === null ? resolve() : reject(error),
        );
        unconfirmed.add();
      });
    } catch (error) {
      const refusal = unencodable(error);
      if (refusal === null) throw error;
      return refusal;
    } finally {
      this.#pending.delete(pending);
    }
    return pending.isReturned ? notRouted : CONFIRMED;
  }

  /** The server returns a message that it could not route before it confirms it. */
  #markReturned({ fields, properties }: Message): void {
    for (const pending of this.#pending) {
      const { exchange, routingKey, id } = pending.message;
      const isSame = id === properties.messageId && exchange === fields.exchange && routingKey === fields.routingKey;
      if (!isSame || pending.isReturned) continue;
      pending.isReturned = true;
      return;
    }
  }
}
