/** Message brokers from whose queues sources take messages. */
import type { Seq } from "./id.ts";

/** The types of sources that take from a broker. Each is also the id of its provider. */
export const brokerTypes = ["amqp", "kafka", "nats", "sqs"] as const;

export type BrokerType = (typeof brokerTypes)[number];

export function isBrokerType(provider: string): provider is BrokerType {
  return (brokerTypes as readonly string[]).includes(provider);
}

/** Maximum and default of `prefetch`, the number of messages that are taken and not settled yet. */
export const prefetchMax = 1000;
export const prefetchDefault = 100;

/** The connection of a source to its broker. */
export interface BrokerState {
  /**
   * `connecting`: the first connection is being opened. `failed`: the latest connection was lost or could
   * not be opened; the source connects again after a pause.
   */
  readonly state: "connecting" | "connected" | "failed";
  /** Why the connection failed, or why messages wait in the queue although it is connected. */
  readonly error: string | null;
  /** Time at which the connection entered this state. */
  readonly since: number;
}

/** Thrown if a broker cannot be reached, refuses a connection or has ended it. Operators see the message. */
export class BrokerError extends Error {
  override readonly name = "BrokerError";
}

/** When the certificates of a source that takes from a broker end. Times are in ms; null if it has none. */
export interface SourceCertificates {
  readonly sourceSeq: Seq;
  readonly environmentSeq: Seq;
  readonly name: string;
  /** The earliest end of the client certificate and its chain. */
  readonly client: number | null;
  /** The earliest end of the certificates that the source trusts. */
  readonly ca: number | null;
}
