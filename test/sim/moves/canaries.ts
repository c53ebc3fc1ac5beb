import type { MoveDestination, MoveOrigin, Store } from "../../../src/store/index.ts";

type Plant = (store: Store) => Store;

/** Faults of the store that the simulation of moves must find. */
export const CANARIES: Readonly<Record<string, Plant>> = {
  "an application departs although it has changed": origin((verbs) => ({
    fingerprint: async () => "same",
    depart: async (departure, _fingerprint, drop) =>
      verbs.depart(departure, await verbs.fingerprint(departure.applicationSeq), drop),
  })),
  "an application arrives with the deliveries of another hold": destination((verbs) => ({
    storeWaiting: (seq, page, hold, aheadMs) =>
      verbs.storeWaiting(seq, { ...page, isFirst: false }, hold === null ? null : "any", aheadMs),
    storePolled: (seq, page, hold) => verbs.storePolled(seq, page, hold === null ? null : "any"),
    arrive: (seq, _hold, now) => verbs.arrive(seq, "any", now),
  })),
  "what functions have sent stays behind": origin((verbs) => ({
    waiting: async (seq, after, aheadMs) => {
      const { page, next } = await verbs.waiting(seq, after, aheadMs);
      return { page: { ...page, sends: [] }, next };
    },
    messages: async (seq, seqs) => ({ ...(await verbs.messages(seq, seqs)), sends: [] }),
    history: async (seq, after) => ({ ...(await verbs.history(seq, after)), sends: [] }),
  })),
  "leases stay behind": origin((verbs) => ({
    polled: async (seq, after) => {
      const { page, next } = await verbs.polled(seq, after);
      return { page: { ...page, leases: [] }, next };
    },
  })),
  "messages for consumers stay behind": origin((verbs) => ({
    polled: async (seq, after) => {
      const { page, next } = await verbs.polled(seq, after);
      return { page: { ...page, messages: page.messages.filter((each) => each === page.newest) }, next };
    },
  })),
  "changes that come too late are answered as done": origin(() => ({ departed: new Set() })),
  "payloads that were deleted stay": origin((verbs) => ({
    polled: async (seq, after) => {
      const { page, next } = await verbs.polled(seq, after);
      return { page: { ...page, erased: [] }, next };
    },
    keys: async (seq, after, now) => {
      const { page, next } = await verbs.keys(seq, after, now);
      return { page: { ...page, erased: [] }, next };
    },
    waiting: async (seq, after, aheadMs) => {
      const { page, next } = await verbs.waiting(seq, after, aheadMs);
      return { page: { ...page, erased: [] }, next };
    },
  })),
  "the next attempts of messages stay behind": origin((verbs) => ({
    waiting: async (seq, after, aheadMs) => {
      const { page, next } = await verbs.waiting(seq, after, aheadMs);
      const deliveries = page.deliveries.filter((row) => row.attempts_total === 0);
      return { page: { ...page, deliveries }, next };
    },
  })),
  "idempotency keys stay behind": origin((verbs) => ({
    keys: async (seq, after, now) => {
      const { page, next } = await verbs.keys(seq, after, now);
      return { page: { ...page, keys: [] }, next };
    },
  })),
  "keys that are added during a move stay behind": origin((verbs) => ({
    keys: async (seq, after, now) => {
      const { page, next } = await verbs.keys(seq, after, now);
      return { page: { ...page, keys: page.pass.from === null ? page.keys : [] }, next };
    },
  })),
};

function origin(change: (verbs: MoveOrigin) => Partial<MoveOrigin>): Plant {
  return (store) => {
    const { origin: verbs } = store.moves!;
    return { ...store, moves: { ...store.moves!, origin: { ...verbs, ...change(verbs) } } };
  };
}

function destination(change: (verbs: MoveDestination) => Partial<MoveDestination>): Plant {
  return (store) => {
    const { destination: verbs } = store.moves!;
    return { ...store, moves: { ...store.moves!, destination: { ...verbs, ...change(verbs) } } };
  };
}
