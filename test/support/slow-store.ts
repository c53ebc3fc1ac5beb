import type { Clock } from "../../src/ports.ts";
import type { Store } from "../../src/store/index.ts";
import { storeWith } from "./store-with.ts";

type Verb = (...args: never[]) => Promise<unknown>;

/**
 * Returns a store with network latency: each call takes effect after a delay, and its result
 * arrives after another delay. `delayMs` is called for each delay.
 */
export function slowStore(store: Store, clock: Clock, delayMs: () => number): Store {
  const pause = () => new Promise<void>((resolve) => clock.after(delayMs(), resolve));
  const slow = <V extends Verb>(verb: V): V =>
    (async (...args: never[]) => {
      await pause();
      const result = await verb(...args);
      await pause();
      return result;
    }) as unknown as V;
  const { queue, configuration } = store;
  const { endpoints, applications } = configuration;
  return storeWith(store, {
    queue: {
      due: slow(queue.due),
      nextPosition: slow(queue.nextPosition),
      pendingLanes: slow(queue.pendingLanes),
      contents: slow(queue.contents),
    },
    configuration: {
      endpoints: { ...endpoints, get: slow(endpoints.get), secrets: slow(endpoints.secrets) },
      applications: { ...applications, find: slow(applications.find) },
    },
  });
}
