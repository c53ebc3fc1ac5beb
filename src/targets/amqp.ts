import { amqpRoute } from "../core/endpoint-url/amqp.ts";
import type { SigningKey } from "../core/signature.ts";
import { noClient, RemoteEndpoint, type RemoteProtocol } from "./remote.ts";
import type { PreparedTarget, Target, TargetEndpoint, TargetParts } from "./target.ts";

/** Publishes to an exchange of an AMQP server. A delivery succeeds when the server has confirmed it. */
export class AmqpTarget implements Target {
  constructor(private readonly parts: TargetParts) {}

  prepare(endpoint: TargetEndpoint, keys: readonly SigningKey[]): PreparedTarget {
    const { exchange, routingKey } = amqpRoute(new URL(endpoint.url));
    const { clients } = this.parts.ports;
    const protocol: RemoteProtocol = {
      sendsAuthorization: false,
      send({ payload: body, eventType = "" }, { headers, ...request }, signal) {
        if (clients === undefined) return Promise.resolve(noClient("AMQP"));
        const { id, timestampSeconds: timestamp, contentType } = headers;
        const table = Object.fromEntries([...headers.others, ...headers.signature]);
        const route = { exchange, routingKey: routingKey ?? eventType };
        const message = { ...route, id, eventType, timestamp, contentType, headers: table, body };
        return clients.amqp.send({ ...request, message }, signal);
      },
    };
    return new RemoteEndpoint(this.parts, endpoint, keys, protocol);
  }
}
