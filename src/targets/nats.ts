import { natsSubject } from "../core/endpoint-url/nats.ts";
import type { SigningKey } from "../core/signature.ts";
import { noClient, RemoteEndpoint, type RemoteProtocol } from "./remote.ts";
import type { PreparedTarget, Target, TargetEndpoint, TargetParts } from "./target.ts";

/** Publishes to a stream of JetStream. A delivery succeeds when the stream has stored it. */
export class NatsTarget implements Target {
  constructor(private readonly parts: TargetParts) {}

  prepare(endpoint: TargetEndpoint, keys: readonly SigningKey[]): PreparedTarget {
    const subject = natsSubject(new URL(endpoint.url));
    const { clients } = this.parts.ports;
    const protocol: RemoteProtocol = {
      sendsAuthorization: false,
      send({ payload: body, eventType = "" }, { headers: { id, contentType, others, signature }, ...request }, signal) {
        if (clients === undefined) return Promise.resolve(noClient("NATS"));
        const own = [
          ["content-type", contentType],
          ["event-type", eventType],
        ] as const;
        const headers = [...others, ...own, ...signature];
        return clients.nats.send({ ...request, message: { subject, id, headers, body } }, signal);
      },
    };
    return new RemoteEndpoint(this.parts, endpoint, keys, protocol);
  }
}
