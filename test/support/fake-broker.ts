import {
  type Broker,
  type BrokerConnection,
  BrokerError,
  type BrokerMessage,
  type BrokerSettings,
  type Disposition,
} from "../../src/consume/broker.ts";

/** A message in the queue of a fake broker. */
export interface Queued extends BrokerMessage {
  readonly number: number;
}

/**
 * A broker with one queue in memory. Unsettled messages are in the queue again when their connection
 * ends, as with real brokers.
 */
export class FakeBroker implements Broker {
  readonly queue: Queued[] = [];
  readonly settled: { readonly number: number; readonly how: Disposition }[] = [];
  readonly connections: FakeConnection[] = [];
  /** The settings of each call of `connect`, also of those that failed. */
  readonly attempts: BrokerSettings[] = [];
  /** Why connections are refused; null if they are not. */
  refusal: string | null = null;
  /** While true, messages are not settled. */
  isSettlingSlow = false;
  /** Maximum number of messages that are received at once. */
  receivedMax = Number.POSITIVE_INFINITY;
  /** Largest number of messages that were received and not settled. */
  unsettledMost = 0;
  #numbers = 0;

  async connect(settings: BrokerSettings, signal: AbortSignal): Promise<BrokerConnection> {
    this.attempts.push(settings);
    if (this.refusal !== null) throw new BrokerError(this.refusal);
    if (signal.aborted) throw new BrokerError("aborted");
    const connection = new FakeConnection(this);
    this.connections.push(connection);
    return connection;
  }

  /** The connections that have not ended. */
  get open(): FakeConnection[] {
    return this.connections.filter(({ isOpen }) => isOpen);
  }

  /** Puts a message into the queue and returns its number. */
  put(message: Partial<BrokerMessage> = {}): number {
    const number = ++this.#numbers;
    const plain = { id: `id-${number}`, eventType: null, headers: {}, place: "orders" };
    this.queue.push({ ...plain, body: Buffer.from(`{"message":${number}}`), ...message, number });
    for (const connection of this.open) connection.wake();
    return number;
  }

  /** Ends all connections as if the broker was killed. */
  kill(): void {
    for (const connection of this.open) connection.end("The connection was lost.");
  }

  /** The numbers of the messages that were settled as stored. */
  get stored(): number[] {
    return this.settled.filter(({ how }) => how === "stored").map(({ number }) => number);
  }
}

class FakeConnection implements BrokerConnection<Queued> {
  isOpen = true;
  wake: () => void = () => {};
  readonly #unsettled = new Set<Queued>();
  readonly #ended = Promise.withResolvers<never>();

  constructor(private readonly broker: FakeBroker) {
    this.#ended.promise.catch(() => {});
  }

  async receive(max: number, signal: AbortSignal): Promise<readonly Queued[]> {
    while (this.isOpen && !signal.aborted && this.broker.queue.length === 0) {
      const arrived = new Promise<void>((resolve) => {
        this.wake = resolve;
        signal.addEventListener("abort", () => resolve(), { once: true });
      });
      await Promise.race([arrived, this.#ended.promise]);
    }
    if (!this.isOpen || signal.aborted) throw new BrokerError("The connection was lost.");
    const messages = this.broker.queue.splice(0, Math.min(max, this.broker.receivedMax));
    for (const message of messages) this.#unsettled.add(message);
    this.broker.unsettledMost = Math.max(this.broker.unsettledMost, this.#unsettled.size);
    return messages;
  }

  async settle(message: Queued, how: Disposition): Promise<void> {
    if (this.broker.isSettlingSlow) await this.#ended.promise;
    if (!this.#unsettled.delete(message)) throw new BrokerError("The connection was lost.");
    this.broker.settled.push({ number: message.number, how });
  }

  end(error: string): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.broker.queue.unshift(...this.#unsettled);
    this.#unsettled.clear();
    this.#ended.reject(new BrokerError(error));
  }

  async close(): Promise<void> {
    this.end("closed");
  }
}
