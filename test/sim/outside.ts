import type { Brokers } from "../../src/consume/consumers.ts";
import type { Keys } from "../../src/door/keys.ts";
import type { KernelSettings } from "../../src/kernel.ts";
import type { Clock, Resolver, Transport } from "../../src/ports.ts";
import type { Sandbox } from "../../src/sandbox/sandbox.ts";
import type { Canary } from "./canary.ts";
import type { QueueChecks } from "./checks/queues.ts";
import type { Network } from "./network.ts";
import { never } from "./never.ts";
import type { SimBrokers } from "./queues/brokers.ts";
import { brokersOf } from "./queues/ports.ts";
import { SQS_HOST } from "./queues/sqs.ts";
import { sandboxWith } from "./shape-canary.ts";

/** The world outside of a program. */
export interface Outside {
  readonly transport: Transport;
  readonly resolver: Resolver;
  readonly sandbox: Sandbox;
  readonly keys: Keys;
  readonly brokers: Brokers;
}

interface Parts {
  readonly network: Network;
  readonly brokers: SimBrokers;
  readonly queueChecks: QueueChecks;
  readonly sandbox: Sandbox;
  readonly settings: KernelSettings;
  readonly canary: Canary | null;
}

/** Returns the network, the brokers and the sandbox, which work only while the program lives. */
export function outsideOf(parts: Parts, clock: Clock, isAlive: () => boolean): Outside {
  const { network, brokers, canary, settings } = parts;
  const sandbox = sandboxWith(canary, parts.sandbox);
  const transport: Transport = {
    send: (request, signal) => {
      if (!isAlive()) return never();
      return request.url.hostname === SQS_HOST ? brokers.answer(request, signal) : network.send(request, signal);
    },
  };
  const resolver: Resolver = {
    resolve: (host, signal) => (isAlive() ? network.resolve(host, signal) : never()),
  };
  return {
    ...{ transport, resolver },
    sandbox: {
      run: (owner, prepare) => (isAlive() ? sandbox.run(owner, prepare) : never()),
      runHosted: (owner, prepare, isRerun) => (isAlive() ? sandbox.runHosted(owner, prepare, isRerun) : never()),
    },
    keys: { fetch: () => (isAlive() ? network.fetchKey() : never()), confirm: () => never() },
    brokers: brokersOf({
      ...{ clock, transport, resolver, policy: settings, bodyBytesMax: settings.maxBodyBytes, canary, isAlive },
      ...{ simulated: brokers, checks: parts.queueChecks },
    }),
  };
}
