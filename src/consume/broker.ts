import type { BrokerConnection, ClientTls, Clock, ProtocolClients, Resolver, Transport } from "../ports.ts";
import type { TargetPolicy } from "../targets/target.ts";

export { BrokerError } from "../core/broker.ts";
export type { BrokerConnection, BrokerMessage, Disposition } from "../ports.ts";

export interface BrokerSettings {
  /** The URL in the source's `config`, with its credentials. */
  readonly url: URL;
  /** Maximum number of messages that are received and not settled. */
  readonly prefetch: number;
  /** How TLS verifies the broker and identifies this server to it. Null means the defaults. */
  readonly tls: ClientTls | null;
  /** A name for the consumer that stays the same for the source. */
  readonly consumer: string;
  /** Called when messages were removed from the queue before they were taken. `detail` is a sentence. */
  readonly onRemoved?: (detail: string) => void;
}

/** Connects to the brokers of one protocol. */
export interface Broker {
  /**
   * Connects to the queue that a URL names. Rejects with a `BrokerError` if that fails, and soon after
   * `signal` aborts. The text of an error is shown to operators, so it must not contain credentials.
   */
  connect(settings: BrokerSettings, signal: AbortSignal): Promise<BrokerConnection>;
}

/** The parts of the server that connections to brokers use. */
export interface BrokerParts {
  readonly clock: Clock;
  readonly resolver: Resolver;
  readonly transport: Transport;
  /** Clients of protocols other than HTTP. By default, connections over these protocols fail. */
  readonly clients?: ProtocolClients;
  readonly policy: TargetPolicy;
  /** Maximum size of a message, in bytes. */
  readonly bodyBytesMax: number;
}
