import type { Broker, BrokerConnection, BrokerMessage, Disposition } from "../../../src/consume/broker.ts";
import type { QueueChecks } from "../checks/queues.ts";
import { never } from "../never.ts";
import type { Publication } from "./queue.ts";
import type { QueueSource } from "./queue-source.ts";

/** A broker that checks what the program does with its connections. */
export function observed(broker: Broker, checks: QueueChecks, isAlive: () => boolean): Broker {
  return {
    async connect(settings, signal) {
      if (!isAlive()) return never();
      const connection = await broker.connect(settings, signal);
      if (!isAlive()) return never();
      const { href } = settings.url;
      const source = checks.sources.find(({ urls }) => urls.includes(href));
      // The program may have crashed before its owner learned of the source.
      if (source === undefined) return connection;
      const parts = { connection, checks, isAlive, source, url: href, prefetch: settings.prefetch };
      return new ObservedConnection(parts);
    },
  };
}

interface Parts {
  readonly connection: BrokerConnection;
  readonly checks: QueueChecks;
  readonly isAlive: () => boolean;
  readonly source: QueueSource;
  readonly url: string;
  readonly prefetch: number;
}

/** A connection of the program to a broker, with what it has received and not settled. */
export class ObservedConnection implements BrokerConnection {
  /** The places of unsettled messages in the order in which they were received. */
  readonly #places = new Map<BrokerMessage, number>();
  #placeNext = 0;
  #storedLast = -1;

  constructor(private readonly parts: Parts) {
    parts.checks.connected(parts.source, this);
  }

  async receive(max: number, signal: AbortSignal): Promise<readonly BrokerMessage[]> {
    const { connection, checks, isAlive, source, url, prefetch } = this.parts;
    if (!isAlive()) return never();
    if (this.#places.size + max > prefetch) {
      checks.violation(`source ${source.seq} asks for ${max} messages besides ${this.#places.size} of ${prefetch}`);
    }
    const messages = await connection
      .receive(max, signal)
      .catch((error: unknown) => (isAlive() ? raise(error) : never()));
    if (!isAlive()) return never();
    for (const message of messages) this.#places.set(message, this.#placeNext++);
    checks.received(source, url, messages);
    return messages;
  }

  async settle(message: BrokerMessage, how: Disposition): Promise<void> {
    const { connection, checks, isAlive } = this.parts;
    if (!isAlive()) return never();
    checks.settling(message, how);
    await connection.settle(message, how).catch((error: unknown) => (isAlive() ? raise(error) : never()));
    if (!isAlive()) return never();
    this.#places.delete(message);
  }

  async close(): Promise<void> {
    const { connection, checks, isAlive, source } = this.parts;
    if (!isAlive()) return never();
    await connection.close();
    if (!isAlive()) return never();
    checks.closed(source, this);
  }

  get unsettledCount(): number {
    return this.#places.size;
  }

  /** The messages that are not settled. */
  get unsettled(): Iterable<BrokerMessage> {
    return this.#places.keys();
  }

  /** Must be called when a message has been stored. Returns whether one that was received later came first. */
  hasOvertaken(publication: Publication): boolean {
    const { checks } = this.parts;
    const places = [...this.#places].filter(([message]) => checks.publicationOf(message.body) === publication);
    // Each copy of a message without an id is stored, and it is not known which copy this one is.
    if (places.length === 0 || (publication.id === null && places.length > 1)) return false;
    const place = places[0]![1];
    const isOvertaken = place < this.#storedLast;
    this.#storedLast = Math.max(this.#storedLast, place);
    return isOvertaken;
  }
}

function raise(error: unknown): never {
  throw error;
}
