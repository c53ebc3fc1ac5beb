import { kafkaUrl } from "../../core/endpoint-url/kafka.ts";
import type { KafkaRequest } from "../../ports.ts";
import { BrokerClient } from "../broker/client.ts";
import { KafkaConnection } from "./connection.ts";
import { kafkaReplyOf } from "./reply.ts";

/** Produces messages. Messages for the same cluster with the same login share connections. */
export class KafkaClient extends BrokerClient<KafkaRequest, KafkaConnection> {
  constructor() {
    super((request) => {
      const { url, addresses, tls, message } = request;
      const { brokers, login, isEncrypted } = kafkaUrl(url);
      return {
        key: JSON.stringify([brokers, login, isEncrypted, tls?.id ?? null]),
        ...{ addresses, port: brokers[0]!.port, replyOf: kafkaReplyOf },
        open: (signal) => KafkaConnection.open(request, signal),
        publish: (connection, signal) => connection.publish(message, signal),
      };
    });
  }
}
