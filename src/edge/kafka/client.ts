import { kafkaUrl } from "../../core/endpoint-url/kafka.ts";
import { protocolAnswer } from "../../core/protocol-answer.ts";
import { OneLife } from "../../core/service.ts";
import type { Answer, KafkaRequest, ProtocolClient, Shortage } from "../../ports.ts";
import { brokerFailure, notConfirmed } from "../broker/failure.ts";
import { SharedConnections } from "../connection-sharing.ts";
import { KafkaConnection } from "./connection.ts";
import { kafkaReplyOf } from "./reply.ts";

/** Produces messages. Messages for the same cluster with the same login share connections. */
export class KafkaClient extends OneLife implements ProtocolClient<KafkaRequest> {
  readonly #connections = new SharedConnections<KafkaConnection>();

  async send(request: KafkaRequest, signal: AbortSignal): Promise<Answer | Shortage> {
    const { url, addresses, tls, message, responseBytesMax } = request;
    const { brokers, login, isEncrypted } = kafkaUrl(url);
    const key = JSON.stringify([brokers, login, isEncrypted, tls?.id ?? null]);
    const open = (openSignal: AbortSignal) => KafkaConnection.open(request, openSignal);
    try {
      const result = await this.#connections.use(key, open, signal, (to) => to.publish(message, signal));
      return "kind" in result ? result : protocolAnswer(result, responseBytesMax);
    } catch (error) {
      if (signal.aborted) return notConfirmed;
      const { port } = brokers[0]!;
      return brokerFailure(error, { addresses, port, replyOf: kafkaReplyOf }, responseBytesMax);
    }
  }

  protected begin(): void {}

  protected end(): Promise<void> {
    return this.#connections.stop();
  }
}
