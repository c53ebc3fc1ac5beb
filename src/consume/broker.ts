import type { Clock, Resolver, Transport } from "../ports.ts";
import type { TargetPolicy } from "../targets/target.ts";

/** A message in a queue of a broker. */
export interface BrokerMessage {
  /** The id by which duplicates are recognised. Null means that the message has none. */
  readonly id: string | null;
  /** The event type, if the protocol has a field for it. Null means the header `event-type`. */
  readonly eventType: string | null;
  /**
   * Headers or attributes with text values, and `content-type` if the message states one. The names
   * are in lower case.
   */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  /** The queue, topic or subject that contains the message. */
  readonly place: string;
}

/**
 * What happens to a message in its queue. `stored`: it is stored, or is a duplicate of a stored one,
 * and leaves the queue. `refused`: it can never be stored; the broker is told so if the protocol has a
 * word for it, and else it leaves the queue.
 */
export type Settlement = "stored" | "refused";

/** A connection to a broker that takes the messages of one queue. */
export interface BrokerConnection<M extends BrokerMessage = BrokerMessage> {
  /**
   * Resolves to the next messages in their order: at least one, and at most `max`. Is called again
   * after it has resolved. Rejects when the connection is lost, and soon after `signal` aborts.
   */
  receive(max: number, signal: AbortSignal): Promise<readonly M[]>;
  /**
   * Settles a message. Messages are settled in the order in which they were received, but the call
   * does not wait for the one before it. Rejects if the connection is lost; the message is then
   * received again.
   */
  settle(message: M, how: Settlement): Promise<void>;
  /**
   * Ends the connection. The broker may give unsettled messages to others at once. Never rejects, and
   * may be called repeatedly.
   */
  close(): Promise<void>;
}

export interface BrokerSettings {
  /** The URL in the source's `config`, with its credentials. */
  readonly url: URL;
  /** Maximum number of messages that are received and not settled. */
  readonly prefetch: number;
  /** A name for the consumer that stays the same for the source. */
  readonly consumer: string;
}

/** Connects to the brokers of one protocol. */
export interface Broker {
  /**
   * Connects to the queue that a URL names. Rejects with a `BrokerError` if that fails, and soon after
   * `signal` aborts. The text of an error is shown to operators, so it must not contain credentials.
   */
  connect(settings: BrokerSettings, signal: AbortSignal): Promise<BrokerConnection>;
}

/** What connections to brokers use. */
export interface BrokerParts {
  readonly clock: Clock;
  readonly resolver: Resolver;
  readonly transport: Transport;
  readonly policy: TargetPolicy;
}

/** A broker cannot be reached, refuses the connection or has ended it. */
export class BrokerError extends Error {
  override readonly name = "BrokerError";
}
