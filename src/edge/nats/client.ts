import type { NatsRequest } from "../../ports.ts";
import { BrokerClient } from "../broker/client.ts";
import { openFirst } from "../broker/open.ts";
import { natsOpening } from "./connect.ts";
import { NatsConnection } from "./connection.ts";

/** Publishes messages to streams. */
export class NatsClient extends BrokerClient<NatsRequest, NatsConnection> {
  constructor() {
    super((request) => {
      const opening = natsOpening(request);
      return {
        ...opening,
        open: async (signal) => new NatsConnection(await openFirst(opening, signal)),
        publish: (connection, signal) => connection.publish(request.message, request.timeoutMs, signal),
      };
    });
  }
}
