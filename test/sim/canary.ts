import type { Database } from "bun:sqlite";
import { Facts } from "../../src/core/fact.ts";
import { seqAt, timeOfSeq } from "../../src/core/id.ts";
import type { Housekeeping, PendingDelivery, Queue, Settlement, Store } from "../../src/store/index.ts";
import { storeWith } from "../support/store-with.ts";
import type { Dice } from "./dice.ts";
import { HOUR_MS } from "./scene.ts";
import type { Report } from "./world.ts";

/**
 * Faults that are put in on purpose, to show that the simulation would see them, and what it must say of each. Each is a
 * mistake that somebody could make.
 */
export const CANARIES = {
  "early-answer": /is not stored|is lost/,
  "lost-retry": /is to wait/,
  "short-retry": /where its schedule says/,
  "skipped-row": /starts after the younger|overtakes|still waits/,
  "wrong-order": /starts after the younger|overtakes/,
  "sent-again": /is attempted in state 1/,
  "sent-early": /before its time/,
  overslept: /has not been attempted/,
  "never-healed": /is called failing/,
  "forgotten-trait": /the list of messages/,
  "hasty-prune": /was deleted while it waited/,
  "miscounted-burial": /the tally says/,
  "miscounted-expunge": /the tally says/,
} as const satisfies Readonly<Record<string, RegExp>>;
export type Canary = keyof typeof CANARIES;
export const CANARY_NAMES = Object.keys(CANARIES) as Canary[];

/** What a world found: with a planted fault, only what must be said of that. */
export function findings({ violations }: Pick<Report, "violations">, canary: Canary | null): readonly string[] {
  return canary === null ? violations : violations.filter((violation) => CANARIES[canary].test(violation));
}

interface Soil {
  readonly dice: Dice;
  readonly db: Database;
}

export function plant(canary: Canary | null, store: Store, soil: Soil): Store {
  const { queue, housekeeping } = store;
  return storeWith(store, {
    queue: changedQueue(canary, queue, soil),
    housekeeping: canary === "hasty-prune" ? { prune: hastily(housekeeping.prune, soil) } : {},
  });
}

function changedQueue(canary: Canary | null, queue: Queue, { dice, db }: Soil): Partial<Queue> {
  switch (canary) {
    case "early-answer":
      // Answers before the commit: a crash in between loses what was promised.
      return {
        accept: async (messages) => {
          queue.accept(messages).catch(() => {});
          return messages.map(() => ({ accepted: true }));
        },
      };
    case "lost-retry":
      // Forgets to store that a delivery has to be tried again.
      return {
        settle: async (settlements) => {
          const isLost = settlements.some(({ next }) => next.state === "pending") && dice.chance(0.1);
          if (isLost) return settlements.map(({ next }) => ({ change: "moved", next, disabled: null }));
          return queue.settle(settlements);
        },
      };
    case "short-retry":
      return { settle: (settlements) => queue.settle(settlements.map(tenthEarlier)) };
    case "skipped-row":
      // Reads a lane and passes over the last one.
      return {
        due: async (...args) => (await queue.due(...args)).filter((_, i, rows) => i === 0 || i < rows.length - 1),
      };
    case "wrong-order":
      return { due: async (...args) => (await queue.due(...args)).toReversed() };
    case "sent-again":
      return { due: repeating(queue.due, dice) };
    case "sent-early":
      // Takes a message for later as one for now.
      return { accept: (messages) => queue.accept(messages.map((message) => ({ ...message, deliverAt: null }))) };
    case "overslept":
      // Takes the place of what waits next for one that is an hour later.
      return {
        nextPosition: async (...args) => {
          const position = await queue.nextPosition(...args);
          return position === null ? null : seqAt(timeOfSeq(position) + HOUR_MS);
        },
      };
    case "never-healed":
      return { settle: (settlements) => unhealed(queue.settle(settlements), db) };
    case "forgotten-trait":
      // The index of a list does not know which messages go to one of two channels.
      return {
        accept: async (messages) => {
          const results = await queue.accept(messages);
          db.run("UPDATE stretch SET traits = replace(traits, '|c:eu|', '') WHERE instr(traits, '|c:eu|')");
          return results;
        },
      };
    case "miscounted-expunge":
      return {
        expunge: {
          ...queue.expunge,
          messages: async (...args) => ({ ...(await queue.expunge.messages(...args)), cancelled: 0 }),
          step: async (...args) => ({ ...(await queue.expunge.step(...args)), cancelled: 0 }),
        },
      };
    default:
      return {};
  }
}

/** Deletes what has been tried and still waits. */
function hastily(prune: Housekeeping["prune"], { db }: Soil): Housekeeping["prune"] {
  return async (...args) => {
    db.run("DELETE FROM delivery WHERE state = 0 AND attempts > 0");
    return prune(...args);
  };
}

/** For faults of those who listen: the facts without one type. */
export function deafened(canary: Canary | null, facts: Facts): Facts {
  if (canary !== "miscounted-burial") return facts;
  const heard = new Facts();
  facts.subscribe((fact) => {
    if (fact.type !== "deliveries.buried") heard.state(fact);
  });
  return heard;
}

function tenthEarlier(settlement: Settlement): Settlement {
  const { next, settledAt } = settlement;
  if (next.state !== "pending") return settlement;
  const dueAt = Math.floor(next.dueAt - (next.dueAt - settledAt) / 10);
  return { ...settlement, next: { ...next, dueAt } };
}

/** Keeps every endpoint failing that was failing before. */
async function unhealed<T>(settling: Promise<T>, db: Database): Promise<T> {
  const failing = db
    .query<{ seq: number; since: number }, []>(
      "SELECT seq, failing_since AS since FROM endpoint WHERE failing_since IS NOT NULL",
    )
    .all();
  const settled = await settling;
  for (const { seq, since } of failing) db.run("UPDATE endpoint SET failing_since = ? WHERE seq = ?", [since, seq]);
  return settled;
}

/** Now and then reads once more what it has read before. */
function repeating(due: Queue["due"], dice: Dice): Queue["due"] {
  const before = new Map<number, PendingDelivery>();
  return async (endpointSeq, ...rest) => {
    const rows = await due(endpointSeq, ...rest);
    const again = before.get(endpointSeq);
    if (rows.length > 0) before.set(endpointSeq, rows[0]!);
    return again !== undefined && dice.chance(0.1) ? [again, ...rows] : rows;
  };
}
