import type { NatsRequest } from "../../ports.ts";
import { BrokerClient } from "../broker/client.ts";
import { openFirst } from "../broker/open.ts";
import { natsConnector } from "./connect.ts";
import { NatsConnection } from "./connection.ts";

/** Publishes messages to streams. */
export class NatsClient extends BrokerClient<NatsRequest, NatsConnection> {
  constructor() {
    super((request) => {
      const connector = natsConnector(request);
      return {
        ...connector,
        open: async (signal) => new NatsConnection(await openFirst(connector, signal)),
        publish: (connection, signal) => connection.publish(request.message, request.timeoutMs, signal),
      };
    });
  }
}
