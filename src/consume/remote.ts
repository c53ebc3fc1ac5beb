import type { QueueProtocol } from "../ports.ts";
import { addressFinder, DestinationFinder } from "../targets/destination.ts";
import { notThroughProxy } from "../targets/remote.ts";
import { type Broker, BrokerError, type BrokerParts } from "./broker.ts";

/** Takes messages over a protocol other than HTTP, from addresses that the address policy allows. */
export function openRemote(protocol: QueueProtocol, parts: BrokerParts): Broker {
  const { clients, policy, bodyBytesMax } = parts;
  const findAddresses = addressFinder({ ports: parts, policy });
  return {
    async connect({ url, prefetch, consumer }, signal) {
      if (clients === undefined) throw new BrokerError(`This server cannot take messages over ${protocol}.`);
      if (policy.isProxied === true) throw new BrokerError(notThroughProxy);
      const finder = new DestinationFinder(url, { ports: parts, policy });
      const found = finder.known ?? (await finder.resolve(signal));
      if (!("addresses" in found)) throw new BrokerError(found.detail);
      const { addresses } = found;
      return clients.queues[protocol]({ url, addresses, findAddresses, prefetch, bodyBytesMax, consumer }, signal);
    },
  };
}
