import type { Channel, ChannelModel, ConsumeMessage } from "amqplib";
import { BrokerError } from "../../core/broker.ts";
import { parseAmqpQueueUrl } from "../../core/queue-url.ts";
import type { BrokerConnection, BrokerMessage, Disposition, QueueRequest } from "../../ports.ts";
import { closedWithin } from "../broker/close.ts";
import { queueError } from "../broker/failure.ts";
import { Inflow } from "../broker/inflow.ts";
import { openFirst } from "../broker/open.ts";
import { orAborted } from "../connection-sharing.ts";
import { amqpConnector, destroyAmqp } from "./connect.ts";
import { limitContent } from "./content-limit.ts";

/** Time limit for starting to take messages, in ms. */
const BEGIN_MS_MAX = 10_000;
/** Time in which the server must receive the last dispositions when the connection ends, in ms. */
const CLOSE_MS_MAX = 2000;

interface Delivery extends BrokerMessage {
  readonly raw: ConsumeMessage;
}

/** Takes the messages of a queue of an AMQP server. The queue must exist. */
export async function openAmqpQueue(
  { url, addresses, tls, prefetch, bodyBytesMax }: QueueRequest,
  signal: AbortSignal,
): Promise<BrokerConnection> {
  const named = parseAmqpQueueUrl(url);
  if (typeof named === "string") throw new BrokerError(named);
  const connector = amqpConnector({ url, addresses, tls });
  const explain = (error: unknown) => queueError(error, connector);
  try {
    const queue = new AmqpQueue(await openFirst(connector, signal), { prefetch, bodyBytesMax }, explain);
    try {
      await orAborted(queue.begin(named.queue), AbortSignal.any([signal, AbortSignal.timeout(BEGIN_MS_MAX)]));
      return queue;
    } catch (error) {
      queue.destroy();
      throw error;
    }
  } catch (error) {
    throw explain(error);
  }
}

class AmqpQueue implements BrokerConnection<Delivery> {
  readonly #inflow: Inflow<Delivery>;
  #channel: Channel | null = null;

  constructor(
    private readonly model: ChannelModel,
    private readonly limits: Pick<QueueRequest, "prefetch" | "bodyBytesMax">,
    private readonly explain: (error: unknown) => BrokerError,
  ) {
    this.#inflow = new Inflow(limits.prefetch);
    model.on("error", (error) => this.#end(error));
    model.on("close", (error) => this.#end(error));
  }

  /** Begins to take messages. */
  async begin(name: string): Promise<void> {
    const { prefetch, bodyBytesMax } = this.limits;
    const channel = await this.model.createChannel();
    // One byte more shows that a message is too large.
    limitContent(channel, bodyBytesMax + 1);
    channel.on("error", (error) => this.#end(error));
    channel.on("close", () => this.#end());
    this.#channel = channel;
    await channel.prefetch(prefetch);
    await channel.consume(name, (message) => {
      if (message === null) this.#end(new BrokerError("The queue was deleted."));
      else if (!this.#inflow.add(deliveryOf(message, name))) this.destroy();
    });
  }

  receive(max: number, signal: AbortSignal): Promise<Delivery[]> {
    return this.#inflow.receive(max, signal);
  }

  /** The server moves a refused message to the dead letter exchange of the queue, if it has one. */
  async settle({ raw }: Delivery, how: Disposition): Promise<void> {
    this.#inflow.settle();
    if (how === "refused") this.#channel!.reject(raw, false);
    else this.#channel!.ack(raw);
  }

  async close(): Promise<void> {
    this.#end(new BrokerError("The connection was ended."));
    await closedWithin(CLOSE_MS_MAX, this.#closeInOrder());
    this.destroy();
  }

  /** Closes the channel first, so that the server gets what was settled before. */
  async #closeInOrder(): Promise<void> {
    await this.#channel?.close();
    await this.model.close();
  }

  destroy(): void {
    destroyAmqp(this.model);
  }

  #end(error: unknown = new BrokerError("The broker closed the connection.")): void {
    this.#inflow.end(this.explain(error));
  }
}

function deliveryOf(raw: ConsumeMessage, place: string): Delivery {
  const { messageId, type, contentType, contentEncoding, headers: table = {} } = raw.properties;
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(table)) {
    if (typeof value === "string") headers[name.toLowerCase()] = value;
  }
  if (typeof contentType === "string") headers["content-type"] = contentType;
  if (typeof contentEncoding === "string") headers["content-encoding"] = contentEncoding;
  return { raw, id: textOrNull(messageId), eventType: textOrNull(type), headers, body: raw.content, place };
}

function textOrNull(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}
