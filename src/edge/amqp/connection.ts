import type { ChannelModel } from "amqplib";
import { errorText, type ProtocolResult } from "../../core/protocol-answer.ts";
import type { AmqpMessage } from "../../ports.ts";
import { closedWithin } from "../broker/close.ts";
import type { SharedConnection } from "../connection-sharing.ts";
import { ConnectionUse } from "../connection-use.ts";
import { destroyAmqp } from "./connect.ts";
import { PublishChannel } from "./publish-channel.ts";

/** Maximum number of channels per connection. RabbitMQ allows 2,047. */
const CHANNELS_MAX = 256;
/** Time limit for the server to confirm the end of a connection, in ms. */
const CLOSE_MS_MAX = 1000;

/** A connection for publishing. It is never reopened. */
export class AmqpConnection implements SharedConnection {
  /** The channels by the exchange and routing key of their messages, least recently used first. */
  readonly #channels = new Map<string, PublishChannel>();
  readonly #use = new ConnectionUse();
  #error: Error | null = null;
  /** Ends the wait of each message that is being published. */
  readonly #waiting = new Set<(result: ProtocolResult) => void>();
  /** The result of all messages while the server has no space for them. Otherwise null. */
  #blocked: ProtocolResult | null = null;

  constructor(private readonly model: ChannelModel) {
    const ended = (error?: Error) => {
      this.#use.end();
      this.#error ??= error ?? null;
    };
    model.on("error", ended);
    model.on("close", ended);
    model.on("blocked", (reason) => {
      const blocked = { status: 503, text: errorText("BLOCKED", reason) };
      this.#blocked = blocked;
      for (const end of this.#waiting) end(blocked);
    });
    model.on("unblocked", () => {
      this.#blocked = null;
    });
  }

  get isOpen(): boolean {
    return this.#use.isOpen;
  }

  /**
   * Publishes a message and waits until the server has confirmed it. Rejects with the error that ended
   * the channel or the connection, or with the reason of `signal`.
   */
  async publish(message: AmqpMessage, signal: AbortSignal): Promise<ProtocolResult> {
    if (this.#blocked !== null) return this.#blocked;
    const { promise, resolve, reject } = Promise.withResolvers<ProtocolResult>();
    this.#waiting.add(resolve);
    this.#channelFor(message).publish(message, signal).then(resolve, reject);
    try {
      return await this.#use.during(promise, signal);
    } catch (error) {
      throw this.#error ?? error;
    } finally {
      this.#waiting.delete(resolve);
    }
  }

  /** Ends the connection when no message is being published any more. */
  async close(): Promise<void> {
    await this.#use.endWhenIdle();
    // A server that does not respond must not keep the connection open.
    await closedWithin(CLOSE_MS_MAX, this.model.close());
    destroyAmqp(this.model);
  }

  /** An error of one message ends its channel, so only messages with the same route share one. */
  #channelFor({ exchange, routingKey }: AmqpMessage): PublishChannel {
    const route = `${exchange}\0${routingKey}`;
    const open = this.#channels.get(route);
    const channel = open?.isUsable === true ? open : new PublishChannel(this.model);
    this.#channels.delete(route);
    this.#channels.set(route, channel);
    if (this.#channels.size > CHANNELS_MAX) this.#closeIdleChannel();
    return channel;
  }

  #closeIdleChannel(): void {
    for (const [route, channel] of this.#channels) {
      if (!channel.isIdle) continue;
      this.#channels.delete(route);
      channel.close();
      return;
    }
  }
}
