/** Message brokers from whose queues sources take messages. */

/** The types of sources that take from a broker. Each is also the id of its provider. */
export const brokerTypes = ["amqp", "nats", "sqs"] as const;

export type BrokerType = (typeof brokerTypes)[number];

export function isBrokerType(provider: string): provider is BrokerType {
  return (brokerTypes as readonly string[]).includes(provider);
}

/** Limits of `prefetch`: the messages that are taken and not settled yet. */
export const prefetchMax = 1000;
export const prefetchDefault = 100;

/** The connection of a source to its broker. */
export interface BrokerState {
  /**
   * `connecting`: the first connection is being made. `failed`: the latest connection ended or could
   * not be made; it is tried again.
   */
  readonly state: "connecting" | "connected" | "failed";
  /** Why the connection failed. Null unless the state is `failed`. */
  readonly error: string | null;
  /** Time since which the connection is in this state. */
  readonly since: number;
}

/** A broker cannot be reached, refuses the connection or has ended it. */
export class BrokerError extends Error {
  override readonly name = "BrokerError";
}
