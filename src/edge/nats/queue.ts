import type { Consumer, JsMsg } from "@nats-io/jetstream";
import { jetstreamManager } from "@nats-io/jetstream";
import type { NatsConnection as Client } from "@nats-io/transport-node";
import { BrokerError } from "../../core/broker.ts";
import { parseNatsQueueUrl } from "../../core/queue-url.ts";
import type { BrokerConnection, BrokerMessage, Disposition, QueueRequest } from "../../ports.ts";
import { closedWithin } from "../broker/close.ts";
import { queueError } from "../broker/failure.ts";
import { Inflow } from "../broker/inflow.ts";
import { openFirst } from "../broker/open.ts";
import { orAborted } from "../connection-sharing.ts";
import { natsConnector } from "./connect.ts";
import { ACK_WAIT_MS, durableConsumer } from "./consumer.ts";

/** Interval at which the server is notified that unsettled messages are still being processed, in ms. */
const WORKING_MS = ACK_WAIT_MS / 4;
/** Time in which the server must receive the last dispositions when the connection ends, in ms. */
const CLOSE_MS_MAX = 2000;

interface Delivery extends BrokerMessage {
  readonly raw: JsMsg;
}

/** Takes the messages of a stream with a durable consumer, which is created unless it exists. */
export async function openNatsQueue(
  { url, addresses, tls, prefetch, consumer }: QueueRequest,
  signal: AbortSignal,
): Promise<BrokerConnection> {
  const named = parseNatsQueueUrl(url);
  if (typeof named === "string") throw new BrokerError(named);
  const connector = natsConnector({ url, addresses, tls });
  const explain = (error: unknown) => queueError(error, connector);
  try {
    const client = await openFirst(connector, signal);
    try {
      const manager = await orAborted(jetstreamManager(client, { checkAPI: false }), signal);
      const durable = await orAborted(durableConsumer(manager, named, consumer, prefetch), signal);
      return new NatsQueue(client, durable, prefetch, explain);
    } catch (error) {
      await client.close();
      throw error;
    }
  } catch (error) {
    throw explain(error);
  }
}

class NatsQueue implements BrokerConnection<Delivery> {
  readonly #inflow: Inflow<Delivery>;
  readonly #unsettled = new Set<Delivery>();
  readonly #timer: ReturnType<typeof setInterval>;
  /** Whether `receive` waits. */
  #isWaiting = false;
  #isFetching = false;

  constructor(
    private readonly client: Client,
    private readonly consumer: Consumer,
    prefetch: number,
    private readonly explain: (error: unknown) => BrokerError,
  ) {
    this.#inflow = new Inflow(prefetch);
    this.#timer = setInterval(() => this.#keepUnsettled(), WORKING_MS);
    void client.closed().then((error) => this.#end(error ?? undefined));
  }

  async receive(max: number, signal: AbortSignal): Promise<Delivery[]> {
    this.#isWaiting = true;
    if (this.#inflow.isEmpty && !this.#isFetching) void this.#fetch();
    try {
      return await this.#inflow.receive(max, signal);
    } finally {
      this.#isWaiting = false;
    }
  }

  /** The server never sends a refused message again. */
  async settle(delivery: Delivery, how: Disposition): Promise<void> {
    this.#inflow.settle();
    this.#unsettled.delete(delivery);
    if (how === "refused") delivery.raw.term();
    else delivery.raw.ack();
  }

  async close(): Promise<void> {
    const unsettled = [...this.#unsettled];
    this.#end(new BrokerError("The connection was ended."));
    if (this.client.isClosed()) return;
    for (const { raw } of unsettled) raw.nak();
    await closedWithin(CLOSE_MS_MAX, this.client.flush());
    await this.client.close();
  }

  /**
   * Requests messages until `receive` has got some. A request ends when as many as it was for have
   * arrived, or after 30 s.
   */
  async #fetch(): Promise<void> {
    this.#isFetching = true;
    try {
      while (this.#isWaiting && this.#inflow.room > 0 && !this.client.isClosed()) {
        for await (const raw of await this.consumer.fetch({ max_messages: this.#inflow.room })) {
          const delivery = deliveryOf(raw);
          this.#unsettled.add(delivery);
          if (!this.#inflow.add(delivery)) void this.client.close();
        }
      }
    } catch (error) {
      this.#end(error);
    }
    this.#isFetching = false;
  }

  #end(error: unknown = new BrokerError("The broker closed the connection.")): void {
    clearInterval(this.#timer);
    this.#unsettled.clear();
    this.#inflow.end(this.explain(error));
  }

  #keepUnsettled(): void {
    for (const { raw } of this.#unsettled) raw.working();
  }
}

function deliveryOf(raw: JsMsg): Delivery {
  const headers: Record<string, string> = {};
  for (const [name, [value]] of raw.headers ?? []) if (value !== undefined) headers[name.toLowerCase()] = value;
  // A stream that is deleted and created again repeats its numbers, at other times.
  const id = headers["nats-msg-id"] ?? `${raw.info.stream}:${raw.seq}:${raw.info.timestampNanos}`;
  return { raw, id, eventType: null, headers, body: raw.data, place: raw.subject };
}
