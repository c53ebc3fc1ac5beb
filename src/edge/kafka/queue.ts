import type { Consumer, EachBatchPayload, KafkaMessage } from "kafkajs";
import { BrokerError } from "../../core/broker.ts";
import { parseKafkaQueueUrl } from "../../core/queue-url.ts";
import { utf8OrNull } from "../../core/text.ts";
import type { BrokerConnection, BrokerMessage, Disposition, QueueRequest } from "../../ports.ts";
import { closedWithin } from "../broker/close.ts";
import { queueError } from "../broker/failure.ts";
import { Inflow } from "../broker/inflow.ts";
import { orAborted } from "../connection-sharing.ts";
import { useCodecs } from "./codecs.ts";
import { KafkaLink } from "./link.ts";
import { Offsets } from "./offsets.ts";
import { connectionErrorOf, isStaleMember, kafkaReplyOf } from "./reply.ts";

/** Time after which the group gives the partitions of a silent consumer to others, in ms. */
const SESSION_MS = 10_000;
const HEARTBEAT_MS = 3000;
/** Time limit of a request, in ms. */
const REQUEST_MS = 10_000;
/** Time that a broker waits for messages before it responds, in ms. It delays the end of a connection. */
const FETCH_MS = 500;
/** Maximum size of the messages of one response, compressed. A broker sends at least one batch. */
const FETCH_BYTES = 512 * 1024;
/** Maximum size of a response. A batch may be as large as the broker's `message.max.bytes`, 1 MiB by default. */
const RESPONSE_BYTES_MAX = 16 * 1024 * 1024;
/** Retries of the client before the connection counts as lost. The first one follows after `initialRetryTime` ms. */
const RETRY = { retries: 3, initialRetryTime: 100, restartOnFailure: async () => false };
/** Interval of heartbeats while the messages of a batch wait to be received, in ms. */
const WAIT_MS = 1000;
/** Time limit for committing the last offsets when the connection ends, in ms. */
const CLOSE_MS_MAX = 2000;

interface Delivery extends BrokerMessage {
  readonly partition: number;
  readonly offset: bigint;
  /** The generation of the group in which the message was received. */
  readonly generation: number;
}

/** Takes the messages of a topic as a member of a consumer group, from the oldest message on. */
export async function openKafkaQueue(request: QueueRequest, signal: AbortSignal): Promise<BrokerConnection> {
  const { url, addresses, findAddresses, tls, consumer, onRemoved } = request;
  const named = parseKafkaQueueUrl(url);
  if (typeof named === "string") throw new BrokerError(named);
  useCodecs();
  const link = new KafkaLink(
    { url, tls, findAddresses },
    {
      ...{ responseBytesMax: RESPONSE_BYTES_MAX, requestMs: REQUEST_MS, retry: RETRY },
      onOffsetReset: (partition) => onRemoved?.(removedText(link.named.topic, partition)),
    },
  );
  const { port } = link.named.brokers[0]!;
  const explain = (error: unknown) =>
    queueError(connectionErrorOf(error, link.failure), { addresses, port, replyOf: kafkaReplyOf });
  const queue = new KafkaQueue(link, named.group ?? consumer, explain);
  try {
    await orAborted(queue.begin(), signal);
    return queue;
  } catch (error) {
    void queue.close();
    throw explain(error);
  }
}

class KafkaQueue implements BrokerConnection<Delivery> {
  readonly #inflow = new Inflow<Delivery>(Number.POSITIVE_INFINITY);
  readonly #offsets = new Offsets((next) => this.#commit(next));
  readonly #consumer: Consumer;
  readonly #ended = Promise.withResolvers<void>();
  readonly #topic: string;
  #generation = 0;

  constructor(
    private readonly link: KafkaLink,
    group: string,
    private readonly explain: (error: unknown) => BrokerError,
  ) {
    this.#topic = link.named.topic;
    this.#consumer = link.client.consumer({
      ...{ groupId: group, sessionTimeout: SESSION_MS, rebalanceTimeout: SESSION_MS, heartbeatInterval: HEARTBEAT_MS },
      ...{
        maxWaitTimeInMs: FETCH_MS,
        maxBytes: FETCH_BYTES,
        maxBytesPerPartition: FETCH_BYTES,
        allowAutoTopicCreation: false,
        retry: RETRY,
      },
    });
  }

  /** Joins the group. */
  async begin(): Promise<void> {
    const consumer = this.#consumer;
    await consumer.connect();
    await consumer.subscribe({ topics: [this.#topic], fromBeginning: true });
    const joined = Promise.withResolvers<void>();
    consumer.on("consumer.group_join", () => {
      // Messages of the previous generation are received again, by this consumer or by another.
      this.#generation++;
      this.#inflow.drop();
      this.#offsets.forget();
      joined.resolve();
    });
    consumer.on("consumer.crash", ({ payload: { error } }) => {
      joined.reject(error);
      this.#end(error);
    });
    const running = consumer.run({
      ...{ autoCommit: false, eachBatchAutoResolve: false },
      eachBatch: (batch) => this.#take(batch),
    });
    await Promise.all([running, joined.promise]);
  }

  receive(max: number, signal: AbortSignal): Promise<Delivery[]> {
    return this.#inflow.receive(max, signal);
  }

  /** A refused message is skipped, like a stored one. */
  async settle({ partition, offset, generation }: Delivery, _how: Disposition): Promise<void> {
    this.#inflow.settle();
    if (generation === this.#generation) await this.#offsets.add({ partition, offset });
  }

  async close(): Promise<void> {
    this.#end(new BrokerError("The connection was ended."));
    await closedWithin(CLOSE_MS_MAX, this.#closeInOrder());
    this.link.destroy();
  }

  async #closeInOrder(): Promise<void> {
    await this.#offsets.committed();
    await this.#consumer.disconnect();
  }

  /**
   * Hands out the messages of one partition, and returns when all are handed out, or were dropped because
   * the group has changed. Dropped messages must be fetched again.
   */
  async #take({ batch, heartbeat, isRunning, resolveOffset }: EachBatchPayload): Promise<void> {
    const { partition, messages } = batch;
    const generation = this.#generation;
    for (const message of messages) this.#inflow.add(deliveryOf(message, this.#topic, partition, generation));
    while (!this.#inflow.isEmpty && isRunning()) {
      await Promise.race([this.#inflow.emptied(), this.#ended.promise, Bun.sleep(WAIT_MS)]);
      await heartbeat();
    }
    if (generation === this.#generation) resolveOffset(messages.at(-1)!.offset);
  }

  async #commit(next: ReadonlyMap<number, bigint>): Promise<void> {
    const topic = this.#topic;
    const offsets = [...next].map(([partition, offset]) => ({ topic, partition, offset: String(offset) }));
    try {
      await this.#consumer.commitOffsets(offsets);
    } catch (error) {
      // The group has given the partitions to another consumer, which receives the messages again.
      if (!isStaleMember(error)) throw this.explain(error);
    }
  }

  #end(error: unknown): void {
    this.#inflow.end(this.explain(error));
    this.#ended.resolve();
  }
}

function removedText(topic: string, partition: number): string {
  return `Partition ${partition} of the topic ${topic} does not have the next message any more, so the source continues with the oldest one. Is the retention of the topic long enough?`;
}

function deliveryOf(
  { offset, timestamp, headers: given = {}, value }: KafkaMessage,
  topic: string,
  partition: number,
  generation: number,
): Delivery {
  const headers: Record<string, string> = {};
  for (const [name, values] of Object.entries(given)) {
    const [first] = Array.isArray(values) ? values : [values];
    const text = typeof first === "object" ? utf8OrNull(first) : (first ?? null);
    if (text !== null) headers[name.toLowerCase()] = text;
  }
  return {
    ...{ partition, offset: BigInt(offset), generation },
    ...{
      // A topic that is deleted and created again repeats its offsets, at other times.
      id: `${topic}:${partition}:${offset}:${timestamp}`,
      eventType: null,
      headers,
      body: value ?? new Uint8Array(),
      place: topic,
    },
  };
}
