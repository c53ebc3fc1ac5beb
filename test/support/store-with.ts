import type { Configuration, History, Housekeeping, Queue, Store, Survey } from "../../src/store/index.ts";

interface Changes {
  readonly queue?: Partial<Queue>;
  readonly configuration?: Partial<Configuration>;
  readonly history?: Partial<History>;
  readonly housekeeping?: Partial<Housekeeping>;
  readonly survey?: Partial<Survey>;
}

/** Returns the store with some of its verbs replaced. */
export function storeWith(store: Store, changes: Changes): Store {
  return {
    ...store,
    queue: { ...store.queue, ...changes.queue },
    configuration: { ...store.configuration, ...changes.configuration },
    history: { ...store.history, ...changes.history },
    housekeeping: { ...store.housekeeping, ...changes.housekeeping },
    survey: { ...store.survey, ...changes.survey },
  };
}
