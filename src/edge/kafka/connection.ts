import { Partitioners, type Producer, type ProducerRecord, type RecordMetadata } from "kafkajs";
import type { ProtocolResult } from "../../core/protocol-answer.ts";
import type { KafkaMessage } from "../../ports.ts";
import { closedWithin } from "../broker/close.ts";
import { NoConnection } from "../broker/failure.ts";
import { orAborted, type SharedConnection } from "../connection-sharing.ts";
import { ConnectionUse } from "../connection-use.ts";
import { Batches } from "./batches.ts";
import { KafkaLink, type KafkaPlace } from "./link.ts";
import { connectionErrorOf, isLeaderMoved } from "./reply.ts";

/** Maximum size of a response. Responses to producers contain the brokers and partitions of topics, and offsets. */
const RESPONSE_BYTES_MAX = 2 * 1024 * 1024;
/** A message is confirmed when all replicas that are in sync have stored it. */
const ALL_REPLICAS = -1;
/** Time that a broker waits for its replicas, in ms. */
const REPLICAS_MS_MAX = 10_000;
/** Time limit for ending connections in order, in ms. */
const CLOSE_MS_MAX = 1000;

type Partition = Parameters<ReturnType<typeof Partitioners.DefaultPartitioner>>[0]["partitionMetadata"];

/** Connections to the brokers of a cluster, for producing. They are never reopened. */
export class KafkaConnection implements SharedConnection {
  readonly #producer: Producer;
  readonly #choose = Partitioners.DefaultPartitioner();
  /** The partitions of each topic, as the latest response listed them. */
  readonly #partitions = new Map<string, Partition>();
  /** The requests under way that find out the partitions of topics. */
  readonly #finding = new Map<string, Promise<unknown>>();
  readonly #batches = new Map<string, Batches>();
  readonly #use = new ConnectionUse();

  private constructor(private readonly link: KafkaLink) {
    this.#producer = link.client.producer({
      allowAutoTopicCreation: false,
      createPartitioner: () => (of) => {
        this.#partitions.set(of.topic, of.partitionMetadata);
        return of.message.partition ?? this.#choose(of);
      },
    });
    this.#producer.on("producer.disconnect", () => this.#use.end());
  }

  /** Connects to the first of the named brokers that can be reached. Rejects with the reason if there is none. */
  static async open(place: KafkaPlace, signal: AbortSignal): Promise<KafkaConnection> {
    const link = new KafkaLink(place, { responseBytesMax: RESPONSE_BYTES_MAX, requestMs: null });
    const connection = new KafkaConnection(link);
    try {
      await connection.#connect(signal);
      return connection;
    } catch (error) {
      link.destroy();
      throw connectionErrorOf(error, link.failure);
    }
  }

  get isOpen(): boolean {
    return this.#use.isOpen;
  }

  /**
   * Produces a message and waits until the replicas have stored it. Rejects with the error of the message
   * or of the connection, or with the reason of `signal`.
   */
  publish(message: KafkaMessage, signal: AbortSignal): Promise<ProtocolResult> {
    return this.#use.during(this.#produced(message, signal), signal);
  }

  /** Ends the connections when no message is being produced any more. */
  async close(): Promise<void> {
    await this.#use.endWhenIdle();
    await closedWithin(CLOSE_MS_MAX, this.#producer.disconnect());
    this.link.destroy();
  }

  async #connect(signal: AbortSignal): Promise<void> {
    for (let others = this.link.named.brokers.length - 1; ; others--) {
      try {
        return await orAborted(this.#producer.connect(), signal);
      } catch (error) {
        const isOfConnection = connectionErrorOf(error, this.link.failure) instanceof NoConnection;
        if (!isOfConnection || others === 0 || signal.aborted) throw error;
      }
    }
  }

  /** The first message for a topic is sent alone, because its request finds out the partitions. */
  async #produced(message: KafkaMessage, signal: AbortSignal): Promise<ProtocolResult> {
    const { topic } = message;
    for (;;) {
      signal.throwIfAborted();
      const partitions = this.#partitions.get(topic);
      if (partitions !== undefined) return this.#batchesFor(message, partitions).add(message, signal);
      const finding = this.#finding.get(topic);
      if (finding === undefined) return (await this.#find(message))[0]!;
      await finding;
    }
  }

  async #find(message: KafkaMessage): Promise<readonly ProtocolResult[]> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#finding.set(message.topic, promise);
    try {
      return await this.#send(message.topic, [message], null);
    } finally {
      this.#finding.delete(message.topic);
      resolve();
    }
  }

  #batchesFor({ topic, key }: KafkaMessage, partitionMetadata: Partition): Batches {
    const partition = this.#choose({ topic, partitionMetadata, message: { key, value: null } });
    const name = `${topic}/${partition}`;
    let batches = this.#batches.get(name);
    if (batches === undefined) {
      batches = new Batches((messages) => this.#send(topic, messages, partition));
      this.#batches.set(name, batches);
    }
    return batches;
  }

  /** Resolves to the result of each message, or rejects with an error that all of them have. */
  async #send(
    topic: string,
    messages: readonly KafkaMessage[],
    partition: number | null,
  ): Promise<readonly ProtocolResult[]> {
    const record: ProducerRecord = {
      ...{ topic, acks: ALL_REPLICAS, timeout: REPLICAS_MS_MAX },
      messages: messages.map(({ key, headers, body }) => ({
        ...{ key, headers: Object.fromEntries(headers) },
        value: Buffer.from(body.buffer, body.byteOffset, body.byteLength),
        ...(partition !== null && { partition }),
      })),
    };
    try {
      const [stored] = await this.#sendToLeader(record);
      return messages.map((_, i) => resultOf(stored!, i));
    } catch (error) {
      const found = connectionErrorOf(error, this.link.failure);
      if (!("type" in found)) this.#use.end();
      throw found;
    }
  }

  /** The client has asked for the new leader of a partition before it reports that the leader has changed. */
  async #sendToLeader(record: ProducerRecord): Promise<RecordMetadata[]> {
    try {
      return await this.#producer.send(record);
    } catch (error) {
      if (!isLeaderMoved(error)) throw error;
      return this.#producer.send(record);
    }
  }
}

/** Returns the result of a message by its index in a request. */
function resultOf({ partition, baseOffset = "0" }: RecordMetadata, index: number): ProtocolResult {
  return { status: 200, text: `{"partition":${partition},"offset":${BigInt(baseOffset) + BigInt(index)}}` };
}
