import type { Broker, BrokerConnection } from "../../src/consume/broker.ts";
import { isBrokerType } from "../../src/core/broker.ts";
import type { History, NewMessage, Queue } from "../../src/store/index.ts";
import type { Canary } from "./canary.ts";

/** Faults that are planted between the sources and the brokers, or where messages of queues are stored. */
export type QueueCanary = "early-acknowledgement" | "forgotten-queue-key";

/** Returns the broker as the sources see it. */
export function brokerWith(canary: Canary | null, broker: Broker): Broker {
  return {
    connect: async (settings, signal) => {
      const connection = await broker.connect(settings, signal);
      const plain: BrokerConnection = {
        receive: (...args) => connection.receive(...args),
        settle: (...args) => connection.settle(...args),
        close: () => connection.close(),
      };
      return { ...plain, ...changedConnection(canary, connection, settings.prefetch) };
    },
  };
}

function changedConnection(
  canary: Canary | null,
  connection: BrokerConnection,
  prefetch: number,
): Partial<BrokerConnection> {
  switch (canary) {
    case "unbounded-prefetch":
      // Messages that are not settled do not count.
      return { receive: (_, signal) => connection.receive(prefetch, signal) };
    case "kept-connection":
      return { close: async () => {} };
    case "forgotten-message":
      // The last of several messages is not looked at.
      return {
        receive: async (...args) => {
          const messages = await connection.receive(...args);
          return messages.length > 1 ? messages.slice(0, -1) : messages;
        },
      };
    case "reversed-queue":
      return { receive: async (...args) => (await connection.receive(...args)).toReversed() };
    default:
      return {};
  }
}

export function changedFromQueue(canary: QueueCanary, queue: Queue): Partial<Queue> {
  switch (canary) {
    case "early-acknowledgement":
      // A message is acknowledged before the commit.
      return {
        accept: async (messages) => {
          if (!messages.every(isOfQueue)) return queue.accept(messages);
          queue.accept(messages).catch(() => {});
          return messages.map(() => ({ accepted: true }));
        },
      };
    case "forgotten-queue-key":
      return {
        accept: (messages) =>
          queue.accept(messages.map((message) => (isOfQueue(message) ? { ...message, idempotency: null } : message))),
      };
  }
}

/** Does not log messages of queues that are refused. */
export function withoutQueues(sourceLog: History["sourceLog"]): History["sourceLog"] {
  return {
    ...sourceLog,
    add: async (entry) => {
      if (!isBrokerType(entry.method)) await sourceLog.add(entry);
    },
  };
}

function isOfQueue({ received }: NewMessage): boolean {
  return received !== null && isBrokerType(received.method);
}
