import { type ProtocolResult, protocolAnswer } from "../../core/protocol-answer.ts";
import { OneLife } from "../../core/service.ts";
import type { Answer, ProtocolClient, RemoteRequest, Shortage } from "../../ports.ts";
import { type SharedConnection, SharedConnections } from "../connection-sharing.ts";
import { brokerFailure, notConfirmed, type ReportingBroker } from "./failure.ts";

/** How the message of a request is published. */
export interface Publication<Connection extends SharedConnection> extends ReportingBroker {
  /** Equal for messages that can share a connection. */
  readonly key: string;
  open(signal: AbortSignal): Promise<Connection>;
  /** Resolves after the broker has confirmed or refused the message. */
  publish(connection: Connection, signal: AbortSignal): Promise<ProtocolResult>;
}

/** Publishes messages to the brokers of one protocol. Messages with the same login share a connection. */
export class BrokerClient<Request extends RemoteRequest, Connection extends SharedConnection>
  extends OneLife
  implements ProtocolClient<Request>
{
  readonly #connections = new SharedConnections<Connection>();

  constructor(private readonly publicationOf: (request: Request) => Publication<Connection>) {
    super();
  }

  async send(request: Request, signal: AbortSignal): Promise<Answer | Shortage> {
    const { responseBytesMax } = request;
    const publication = this.publicationOf(request);
    const { key } = publication;
    const open = (openSignal: AbortSignal) => publication.open(openSignal);
    try {
      const result = await this.#connections.use(key, open, signal, (to) => publication.publish(to, signal));
      return "kind" in result ? result : protocolAnswer(result, responseBytesMax);
    } catch (error) {
      return signal.aborted ? notConfirmed : brokerFailure(error, publication, responseBytesMax);
    }
  }

  protected begin(): void {}

  protected end(): Promise<void> {
    return this.#connections.stop();
  }
}
