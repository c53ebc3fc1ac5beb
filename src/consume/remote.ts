import type { QueueProtocol } from "../ports.ts";
import { addressFinder, DestinationFinder } from "../targets/destination.ts";
import { type Broker, BrokerError, type BrokerParts } from "./broker.ts";

/** Why no message is taken over a protocol that cannot use a proxy, if everything must use one. */
const NOT_THROUGH_PROXY =
  "Sources of this type cannot use the proxy (setting egress-proxy) and never bypass it. Run a program that takes the messages and sends them to a source with a URL.";

/** Takes messages over a protocol other than HTTP, from addresses that the address policy allows. */
export function openRemote(protocol: QueueProtocol, parts: BrokerParts): Broker {
  const { clients, policy, bodyBytesMax } = parts;
  const findAddresses = addressFinder({ ports: parts, policy });
  return {
    async connect({ url, ...settings }, signal) {
      if (clients === undefined) throw new BrokerError(`This server cannot take messages over ${protocol}.`);
      if (policy.isProxied === true) throw new BrokerError(NOT_THROUGH_PROXY);
      const finder = new DestinationFinder(url, { ports: parts, policy });
      const found = finder.known ?? (await finder.resolve(signal));
      if (!("addresses" in found)) throw new BrokerError(found.detail);
      const { addresses } = found;
      return clients.queues[protocol]({ ...settings, url, addresses, findAddresses, bodyBytesMax }, signal);
    },
  };
}
