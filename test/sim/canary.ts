import type { Store } from "../../src/store/index.ts";
import type { Dice } from "./dice.ts";

/**
 * Faults that are put in on purpose, to show that the simulation would see them. Each is a mistake that somebody could make.
 */
export const CANARIES = ["early-answer", "lost-retry", "skipped-row", "wrong-order"] as const;
export type Canary = (typeof CANARIES)[number];

export function plant(canary: Canary | null, store: Store, dice: Dice): Store {
  switch (canary) {
    case null:
      return store;
    case "early-answer":
      // Answers before the commit: a crash in between loses what was promised.
      return {
        ...store,
        accept: async (messages) => {
          store.accept(messages).catch(() => {});
          return messages.map(() => ({ accepted: true }));
        },
      };
    case "lost-retry":
      // Forgets to store that a delivery has to be tried again.
      return {
        ...store,
        settle: async (settlements) => {
          if (settlements.some(({ next }) => next.state === "pending") && dice.chance(0.1)) return ["moved"];
          return store.settle(settlements);
        },
      };
    case "skipped-row":
      // Reads a lane and passes over the last one.
      return {
        ...store,
        due: async (...args) => (await store.due(...args)).filter((_, i, rows) => i === 0 || i < rows.length - 1),
      };
    case "wrong-order":
      return { ...store, due: async (...args) => (await store.due(...args)).toReversed() };
  }
}
