import { protocolAnswer } from "../../core/protocol-answer.ts";
import { OneLife } from "../../core/service.ts";
import type { Answer, NatsRequest, ProtocolClient, Shortage } from "../../ports.ts";
import { brokerFailure, notConfirmed } from "../broker/failure.ts";
import { openFirst } from "../broker/open.ts";
import { SharedConnections } from "../connection-sharing.ts";
import { natsOpening } from "./connect.ts";
import { NatsConnection } from "./connection.ts";

/** Publishes messages to streams. Messages with the same login share a connection. */
export class NatsClient extends OneLife implements ProtocolClient<NatsRequest> {
  readonly #connections = new SharedConnections<NatsConnection>();

  async send(request: NatsRequest, signal: AbortSignal): Promise<Answer | Shortage> {
    const { message, timeoutMs, responseBytesMax } = request;
    const opening = natsOpening(request);
    const open = async (openSignal: AbortSignal) => new NatsConnection(await openFirst(opening, openSignal));
    try {
      const result = await this.#connections.use(opening.key, open, signal, (to) =>
        to.publish(message, timeoutMs, signal),
      );
      return "kind" in result ? result : protocolAnswer(result, responseBytesMax);
    } catch (error) {
      return signal.aborted ? notConfirmed : brokerFailure(error, opening, responseBytesMax);
    }
  }

  protected begin(): void {}

  protected end(): Promise<void> {
    return this.#connections.stop();
  }
}
