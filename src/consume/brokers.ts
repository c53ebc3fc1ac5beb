import type { BrokerType } from "../core/broker.ts";
import type { Broker, BrokerParts } from "./broker.ts";
import type { Brokers } from "./consumers.ts";
import { openRemote } from "./remote.ts";

type Open = (parts: BrokerParts) => Broker;

/** Loads the modules of the brokers. Those of `amqp`, `kafka` and `nats` load their clients when a source connects. */
const MODULES: Readonly<Record<BrokerType, () => Promise<Open>>> = {
  sqs: async () => (await import("./sqs.ts")).openSqs,
  amqp: async () => (parts) => openRemote("amqp", parts),
  kafka: async () => (parts) => openRemote("kafka", parts),
  nats: async () => (parts) => openRemote("nats", parts),
};

/** Returns the brokers. Each is loaded when the first source of its type connects. */
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
