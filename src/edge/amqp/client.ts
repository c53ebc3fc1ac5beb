import type { AmqpRequest } from "../../ports.ts";
import { BrokerClient } from "../broker/client.ts";
import { openFirst } from "../broker/open.ts";
import { amqpConnector } from "./connect.ts";
import { AmqpConnection } from "./connection.ts";

/** Publishes messages with confirms. */
export class AmqpClient extends BrokerClient<AmqpRequest, AmqpConnection> {
  constructor() {
    super((request) => {
      const connector = amqpConnector(request);
      return {
        ...connector,
        open: async (signal) => new AmqpConnection(await openFirst(connector, signal)),
        publish: (connection, signal) => connection.publish(request.message, signal),
      };
    });
  }
}
