import type { BrokerType } from "../core/broker.ts";
import type { Broker, BrokerParts } from "./broker.ts";
import type { Brokers } from "./consumers.ts";
import { openRemote } from "./remote.ts";

type Open = (parts: BrokerParts) => Broker;

/** The modules of the brokers. A client is loaded when the first source of its type connects. */
const MODULES: Readonly<Record<BrokerType, () => Promise<Open>>> = {
  sqs: async () => (await import("./sqs.ts")).openSqs,
  amqp: async () => (parts) => openRemote("amqp", parts),
  nats: async () => (parts) => openRemote("nats", parts),
};

/** Returns the brokers that are loaded on first use. */
export function lazyBrokers(parts: BrokerParts): Brokers {
  const loaded = new Map<BrokerType, Promise<Broker>>();
  return (type) => {
    let broker = loaded.get(type);
    if (broker === undefined) {
      broker = MODULES[type]().then((open) => open(parts));
      loaded.set(type, broker);
    }
    return broker;
  };
}
