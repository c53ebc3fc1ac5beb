import { kafkaKey, kafkaUrl } from "../core/endpoint-url/kafka.ts";
import { keyReader } from "../core/payload-path.ts";
import type { SigningKey } from "../core/signature.ts";
import { addressFinder } from "./destination.ts";
import { noClient, RemoteEndpoint, type RemoteProtocol } from "./remote.ts";
import type { PreparedTarget, Target, TargetEndpoint, TargetMessage, TargetParts } from "./target.ts";

/** Produces to a topic of Kafka. A delivery succeeds when all replicas that are in sync have stored it. */
export class KafkaTarget implements Target {
  constructor(private readonly parts: TargetParts) {}

  prepare(endpoint: TargetEndpoint, keys: readonly SigningKey[]): PreparedTarget {
    const { clients } = this.parts.ports;
    const { topic } = kafkaUrl(new URL(endpoint.url));
    const keyOf = this.#keys(endpoint);
    const findAddresses = addressFinder(this.parts);
    const protocol: RemoteProtocol = {
      sendsAuthorization: false,
      send(message, { headers: { id, contentType, others, signature }, ...request }, signal) {
        if (clients === undefined) return Promise.resolve(noClient("Kafka"));
        const { payload: body, eventType = "" } = message;
        const own = [
          ["content-type", contentType],
          ["event-type", eventType],
        ] as const;
        const headers = [...others, ...own, ...signature];
        const record = { topic, key: keyOf(message, id), headers, body };
        return clients.kafka.send({ ...request, findAddresses, message: record }, signal);
      },
    };
    return new RemoteEndpoint(this.parts, endpoint, keys, protocol);
  }

  /** Returns a function for the key of a message, which decides its partition. */
  #keys({ url, seq, ordering }: TargetEndpoint): (message: TargetMessage, id: string) => string {
    // In one partition, the messages of a fifo endpoint keep their order.
    const ofEndpoint = ordering === "fifo" ? this.parts.ids.encode("ep_", seq ?? 0) : null;
    const key = kafkaKey(new URL(url));
    if (key === null) return (_, id) => ofEndpoint ?? id;
    if (!key.startsWith("$")) return () => key;
    const read = keyReader(key);
    return ({ payload }, id) => read(payload) ?? ofEndpoint ?? id;
  }
}
