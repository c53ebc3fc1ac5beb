import type { NatsConnection as Connected } from "@nats-io/transport-node";
import { natsUrl } from "../../core/endpoint-url/nats.ts";
import { protocolAnswer } from "../../core/protocol-answer.ts";
import { OneLife } from "../../core/service.ts";
import type { Answer, NatsRequest, ProtocolClient, Shortage } from "../../ports.ts";
import { brokerFailure, notConfirmed } from "../broker/failure.ts";
import { openFirst } from "../broker/open.ts";
import { serverNameOf } from "../broker/place.ts";
import { SharedConnections } from "../connection-sharing.ts";
import { connectNats } from "./connect.ts";
import { NatsConnection } from "./connection.ts";
import { natsReplyOf } from "./reply.ts";

/** Publishes messages to streams. Messages with the same login share a connection. */
export class NatsClient extends OneLife implements ProtocolClient<NatsRequest> {
  readonly #connections = new SharedConnections<NatsConnection>();

  async send(request: NatsRequest, signal: AbortSignal): Promise<Answer | Shortage> {
    const { url, addresses, tls, message, timeoutMs, responseBytesMax } = request;
    const login = natsUrl(url);
    const serverName = serverNameOf(url, login.isEncrypted);
    const key = JSON.stringify([addresses, serverName, login, tls?.id ?? null]);
    const opening = {
      ...{ addresses, port: login.port, replyOf: natsReplyOf },
      open: (address: string, limitMs: number) => connectNats(login, { address, serverName, tls }, limitMs),
      discard: (client: Connected) => void client.close(),
    };
    const open = async (enough: AbortSignal) => new NatsConnection(await openFirst(opening, enough));
    try {
      const result = await this.#connections.use(key, open, signal, (to) => to.publish(message, timeoutMs, signal));
      return "kind" in result ? result : protocolAnswer(result, responseBytesMax);
    } catch (error) {
      if (signal.aborted) return notConfirmed;
      const reply = natsReplyOf(error);
      return reply !== null ? protocolAnswer(reply, responseBytesMax) : brokerFailure(error, opening, responseBytesMax);
    }
  }

  protected begin(): void {}

  protected end(): Promise<void> {
    return this.#connections.stop();
  }
}
