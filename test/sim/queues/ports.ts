import type { BrokerParts } from "../../../src/consume/broker.ts";
import type { Brokers } from "../../../src/consume/consumers.ts";
import { openRemote } from "../../../src/consume/remote.ts";
import { openSqs } from "../../../src/consume/sqs.ts";
import type { Canary } from "../canary.ts";
import type { QueueChecks } from "../checks/queues.ts";
import { brokerWith } from "../queue-canary.ts";
import type { SimBrokers } from "./brokers.ts";
import { observed } from "./observed.ts";

interface Parts extends Omit<BrokerParts, "clients"> {
  readonly simulated: SimBrokers;
  readonly checks: QueueChecks;
  readonly canary: Canary | null;
  readonly isAlive: () => boolean;
}

const noClient = { send: () => new Promise<never>(() => {}) };

/** Returns the product's clients of brokers, connected to the simulated ones. */
export function brokersOf({ simulated, checks, canary, isAlive, ...parts }: Parts): Brokers {
  const queues = { amqp: simulated.open, nats: simulated.open, kafka: simulated.open };
  const clients = { queues, grpc: noClient, amqp: noClient, nats: noClient, kafka: noClient };
  return async (type) => {
    const broker = type === "sqs" ? openSqs(parts) : openRemote(type, { ...parts, clients });
    return brokerWith(canary, observed(broker, checks, isAlive));
  };
}
