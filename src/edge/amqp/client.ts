import { amqpUrl } from "../../core/endpoint-url/amqp.ts";
import { protocolAnswer } from "../../core/protocol-answer.ts";
import { OneLife } from "../../core/service.ts";
import type { AmqpRequest, Answer, ProtocolClient, Shortage } from "../../ports.ts";
import { brokerFailure, notConfirmed } from "../broker/failure.ts";
import { openFirst } from "../broker/open.ts";
import { serverNameOf } from "../broker/place.ts";
import { SharedConnections } from "../connection-sharing.ts";
import { connectAmqp, destroyAmqp } from "./connect.ts";
import { AmqpConnection } from "./connection.ts";
import { amqpReplyOf } from "./reply.ts";

/** Publishes messages with confirms. Messages with the same login share a connection. */
export class AmqpClient extends OneLife implements ProtocolClient<AmqpRequest> {
  readonly #connections = new SharedConnections<AmqpConnection>();

  async send(request: AmqpRequest, signal: AbortSignal): Promise<Answer | Shortage> {
    const { url, addresses, tls, message, responseBytesMax } = request;
    const login = amqpUrl(url);
    const serverName = serverNameOf(url, url.protocol === "amqps:");
    const key = JSON.stringify([addresses, serverName, login, tls?.id ?? null]);
    const opening = {
      ...{ addresses, port: login.port, replyOf: amqpReplyOf, discard: destroyAmqp },
      open: (address: string, timeoutMs: number) => connectAmqp(login, { address, serverName, tls }, timeoutMs),
    };
    const open = async (enough: AbortSignal) => new AmqpConnection(await openFirst(opening, enough));
    try {
      const result = await this.#connections.use(key, open, signal, (to) => to.publish(message, signal));
      return "kind" in result ? result : protocolAnswer(result, responseBytesMax);
    } catch (error) {
      if (signal.aborted) return notConfirmed;
      const reply = amqpReplyOf(error);
      return reply !== null ? protocolAnswer(reply, responseBytesMax) : brokerFailure(error, opening, responseBytesMax);
    }
  }

  protected begin(): void {}

  protected end(): Promise<void> {
    return this.#connections.stop();
  }
}
