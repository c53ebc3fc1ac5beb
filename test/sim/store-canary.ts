import type { Database } from "bun:sqlite";
import { seqAt, timeOfSeq } from "../../src/core/id.ts";
import type { Housekeeping, Queue, Settlement, Store } from "../../src/store/index.ts";
import { storeWith } from "../support/store-with.ts";
import type { Canary } from "./canary.ts";
import { changedConfiguration } from "./configuration-canary.ts";
import type { Dice } from "./dice.ts";
import { changedAtDoor } from "./door-canary.ts";
import { repeating, unhealed, withOthers } from "./engine-canary.ts";
import { groupsWith } from "./group-canary.ts";
import { changedFromQueue } from "./queue-canary.ts";
import { HOUR_MS } from "./scene.ts";
import { functionMessagesChanged, historyWith } from "./shape-canary.ts";
import type { InFlight } from "./watch/in-flight.ts";

/** Plants faults in the store. */

interface Soil {
  readonly dice: Dice;
  readonly db: Database;
  readonly inFlight: InFlight;
}

/** Returns the store with a planted fault. */
export function plant(canary: Canary | null, store: Store, soil: Soil): Store {
  const { queue, housekeeping, configuration, history } = store;
  return storeWith(store, {
    queue: changedQueue(canary, queue, soil),
    configuration: changedConfiguration(canary, configuration),
    housekeeping: changedHousekeeping(canary, housekeeping, soil),
    history: { ...historyWith(canary, history), groups: groupsWith(canary, history.groups) },
  });
}

function changedQueue(canary: Canary | null, queue: Queue, soil: Soil): Partial<Queue> {
  const { dice, db, inFlight } = soil;
  switch (canary) {
    case "lost-retry":
      // A retry is acknowledged but not stored.
      return {
        settle: async (settlements) => {
          const isLost = settlements.some(({ next }) => next.state === "pending") && dice.chance(0.1);
          if (!isLost) return queue.settle(settlements);
          return settlements.map(({ next }) => ({ change: "moved", next, disabled: null, health: null }));
        },
      };
    case "open-batch":
      // A batch is acknowledged but not stored.
      return { batch: { ...queue.batch, close: async (_, deliveries) => deliveries.map(({ seq }) => seq) } };
    case "grown-batch":
      // A batch that is tried again takes other deliveries in.
      return { batch: { ...queue.batch, members: (batchSeq) => withOthers(queue, batchSeq) } };
    case "short-retry":
      return { settle: (settlements) => queue.settle(settlements.map(tenthEarlier)) };
    case "skipped-row":
      // A read of a lane omits the row before the last.
      return { due: async (...args) => (await queue.due(...args)).filter((_, i, rows) => i !== rows.length - 2) };
    case "wrong-order":
      return { due: async (...args) => (await queue.due(...args)).toReversed() };
    case "sent-again":
      return { due: repeating(queue.due, dice) };
    case "overslept":
      // The next position of a lane is returned an hour too late.
      return {
        nextPosition: async (...args) => {
          const position = await queue.nextPosition(...args);
          return position === null ? null : seqAt(timeOfSeq(position) + HOUR_MS);
        },
      };
    case "never-healed":
      return { settle: (settlements) => unhealed(queue.settle(settlements), db) };
    case "unread-lane":
      // A lane does not notice that a delivery was resent during its attempt.
      return {
        due: async (...args) =>
          (await queue.due(...args)).map((row) =>
            inFlight.attempts.has(row.seq) ? { ...row, round: row.round - 1 } : row,
          ),
      };
    case "miscounted-cancellation":
      return {
        cancel: {
          message: async (...args) => (await queue.cancel.message(...args)).slice(1),
          step: async (...args) => ({ ...(await queue.cancel.step(...args)), cancelled: 0 }),
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
    case "kept-bytes":
      // Expunged payloads still count for the quota.
      return {
        expunge: {
          ...queue.expunge,
          messages: async (...args) => {
            const result = await queue.expunge.messages(...args);
            db.run("UPDATE quota_usage SET stored_bytes = stored_bytes + 20 WHERE application_seq = ?", [args[0]]);
            return result;
          },
        },
      };
    case "unmarked-function-message":
    case "lost-function-message":
      return functionMessagesChanged(canary, queue, dice);
    case "early-door-response":
    case "separate-door-key":
    case "remembered-forgery":
      return changedAtDoor(canary, queue);
    case "early-acknowledgement":
    case "forgotten-queue-key":
      return changedFromQueue(canary, queue);
    default:
      return changedAccept(canary, queue, soil);
  }
}

function changedAccept(canary: Canary | null, queue: Queue, { db, dice }: Soil): Partial<Queue> {
  switch (canary) {
    case "early-response":
      // The response is sent before the commit, so a crash in between loses an accepted message.
      return {
        accept: async (messages) => {
          queue.accept(messages).catch(() => {});
          return messages.map(() => ({ accepted: true }));
        },
      };
    case "sent-early":
      // A scheduled message is sent immediately.
      return { accept: (messages) => queue.accept(messages.map((message) => ({ ...message, deliverAt: null }))) };
    case "forgotten-trait":
      // Lists omit the messages of one of the two channels.
      return {
        accept: async (messages) => {
          const results = await queue.accept(messages);
          db.run("UPDATE stretch SET traits = replace(traits, '|c:eu|', '') WHERE instr(traits, '|c:eu|')");
          return results;
        },
      };
    case "forgotten-key":
      return { accept: (messages) => queue.accept(messages.map((message) => ({ ...message, idempotency: null }))) };
    case "lost-operational":
      // One in ten operational webhooks is lost.
      return {
        accept: async (messages) => {
          const isLost = messages.some(({ eventType }) => eventType.startsWith("endpoint.")) && dice.chance(0.1);
          return isLost ? messages.map(() => ({ accepted: true })) : queue.accept(messages);
        },
      };
    default:
      return {};
  }
}

function changedHousekeeping(canary: Canary | null, { prune, meta }: Housekeeping, soil: Soil): Partial<Housekeeping> {
  if (canary === "hasty-prune") return { prune: hastily(prune, soil) };
  // A restart forgets that deliveries are held.
  return canary === "forgotten-hold" ? { meta: { ...meta, get: async () => null } } : {};
}

/** Also deletes pending deliveries that have been attempted. */
function hastily(prune: Housekeeping["prune"], { db }: Soil): Housekeeping["prune"] {
  return async (...args) => {
    db.run("DELETE FROM delivery WHERE state = 0 AND attempts > 0");
    return prune(...args);
  };
}

function tenthEarlier(settlement: Settlement): Settlement {
  const { next, settledAt } = settlement;
  if (next.state !== "pending") return settlement;
  const dueAt = Math.floor(next.dueAt - (next.dueAt - settledAt) / 10);
  return { ...settlement, next: { ...next, dueAt } };
}
