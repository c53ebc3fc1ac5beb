import { protocolAnswer } from "../../core/protocol-answer.ts";
import { OneLife } from "../../core/service.ts";
import type { AmqpRequest, Answer, ProtocolClient, Shortage } from "../../ports.ts";
import { brokerFailure, notConfirmed } from "../broker/failure.ts";
import { openFirst } from "../broker/open.ts";
import { SharedConnections } from "../connection-sharing.ts";
import { amqpOpening } from "./connect.ts";
import { AmqpConnection } from "./connection.ts";

/** Publishes messages with confirms. Messages with the same login share a connection. */
export class AmqpClient extends OneLife implements ProtocolClient<AmqpRequest> {
  readonly #connections = new SharedConnections<AmqpConnection>();

  async send(request: AmqpRequest, signal: AbortSignal): Promise<Answer | Shortage> {
    const { message, responseBytesMax } = request;
    const opening = amqpOpening(request);
    const open = async (openSignal: AbortSignal) => new AmqpConnection(await openFirst(opening, openSignal));
    try {
      const result = await this.#connections.use(opening.key, open, signal, (to) => to.publish(message, signal));
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
