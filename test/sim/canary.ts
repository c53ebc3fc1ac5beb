import { Facts } from "../../src/core/facts.ts";
import { Slots } from "../../src/deliver/slots.ts";
import type { Clock } from "../../src/ports.ts";
import { plantAtConsumers } from "./socket-canary.ts";
import type { Report } from "./world.ts";

interface PlantedFault {
  /** A seed whose world finds the fault in little time. */
  readonly seed: number;
  readonly violation: RegExp;
}

/**
 * Faults that are planted to show that the simulation finds them, each with the violation that must
 * be reported. A programmer could make each of these mistakes.
 */
export const CANARIES = {
  "early-response": { seed: 42, violation: /is not stored|is lost/ },
  "lost-retry": { seed: 36, violation: /will wait/ },
  "short-retry": { seed: 1, violation: /its schedule says/ },
  "skipped-row": { seed: 60, violation: /starts after the younger|overtakes|still pending/ },
  "wrong-order": { seed: 42, violation: /starts after the younger|overtakes/ },
  "sent-again": { seed: 54, violation: /is attempted in state 1/ },
  "sent-early": { seed: 20, violation: /before its time/ },
  overslept: { seed: 42, violation: /has not been attempted/ },
  "never-healed": { seed: 56, violation: /counts as failing/ },
  "forgotten-trait": { seed: 36, violation: /the list of messages/ },
  "hasty-prune": { seed: 56, violation: /was deleted while it was pending/ },
  "miscounted-burial": { seed: 6, violation: /the tally says/ },
  "miscounted-expunge": { seed: 56, violation: /the tally says/ },
  "miscounted-cancellation": { seed: 55, violation: /the tally says/ },
  "kept-bytes": { seed: 13, violation: /the quota of application .* bytes/ },
  "unread-lane": { seed: 20, violation: /still pending|has not been attempted/ },
  "immortal-secret": { seed: 42, violation: /signed with an expired key/ },
  "immortal-token": { seed: 44, violation: /is accepted after its end/ },
  "forgotten-key": { seed: 38, violation: /the key .* (got the response|stored)/ },
  "lost-operational": { seed: 20, violation: /operational webhooks of the type .* are missing/ },
  "kept-slot": { seed: 8, violation: /a healthy endpoint waited/ },
  "followed-clock": { seed: 60, violation: /its schedule says|attempt_values_check/ },
  "early-door-response": { seed: 54, violation: /got a 2xx but is not stored/ },
  "separate-door-key": { seed: 54, violation: /is stored twice within its window/ },
  "remembered-forgery": { seed: 59, violation: /got a 2xx(, but its message is| but is) not stored/ },
  "captured-twice": { seed: 49, violation: /has captured 2 secrets/ },
  "forgotten-hold": { seed: 55, violation: /although deliveries are held/ },
  "forgotten-pause": { seed: 13, violation: /although deliveries are paused/ },
  "open-batch": { seed: 59, violation: /which the store does not know|is sent without message/ },
  "grown-batch": { seed: 56, violation: /was tried without message/ },
  "unread-filter": { seed: 6, violation: /which its filter refuses/ },
  "unread-version": { seed: 38, violation: /is sent to endpoint \d+ as/ },
  "skipped-downgrade": { seed: 60, violation: /is sent to endpoint \d+ as/ },
  "unread-payload-mode": { seed: 59, violation: /whose payload mode is reference has received/ },
  "early-link-response": { seed: 59, violation: /has worked twice/ },
  "used-before-downgrade": { seed: 12, violation: /does not work although it is unused/ },
  "unmarked-function-message": { seed: 42, violation: /has sent message \d .*twice/ },
  "lost-function-message": { seed: 56, violation: /is lost/ },
  "lost-frame-delivered": { seed: 34, violation: /counts as delivered but never arrived/ },
  "unheard-acknowledgement": { seed: 54, violation: /was acknowledged by a consumer, but its attempt has failed/ },
  "unbounded-frames": { seed: 35, violation: /gets a frame besides/ },
  "unguarded-consumers": { seed: 56, violation: /a consumer is still connected to the endpoint/ },
  "early-acknowledgement": { seed: 20, violation: /is acknowledged but is not stored/ },
  "forgotten-queue-key": { seed: 27, violation: /message .* is stored twice within its window/ },
  "unbounded-prefetch": { seed: 59, violation: /asks for \d+ messages besides/ },
  "kept-connection": { seed: 20, violation: /has two connections at the same time/ },
  "forgotten-message": { seed: 4, violation: /there are still messages in the queue/ },
  "reversed-queue": { seed: 36, violation: /is stored after one that followed it/ },
  "unlogged-poison": { seed: 36, violation: /is refused but is not logged/ },
  "unread-disabling": { seed: 49, violation: /still receives messages from .* after it was changed/ },
  "ended-lease": { seed: 8, violation: /to two workers at the same time/ },
  "forgotten-acknowledgement": { seed: 38, violation: /although it was acknowledged/ },
  "skipped-message": { seed: 13, violation: /was never leased/ },
} as const satisfies Readonly<Record<string, PlantedFault>>;
export type Canary = keyof typeof CANARIES;
export const CANARY_NAMES = Object.keys(CANARIES) as Canary[];

/**
 * Returns the violations of a world. With a planted fault, returns only those that the fault must
 * cause.
 */
export function findings({ violations }: Pick<Report, "violations">, canary: Canary | null): readonly string[] {
  return canary === null ? violations : violations.filter((violation) => CANARIES[canary].violation.test(violation));
}

/** Plants a fault outside the store. Returns a function that removes it. */
export function plantInCode(canary: Canary | null): () => void {
  if (canary !== "kept-slot") return plantAtConsumers(canary);
  // An attempt keeps its slot until it ends.
  const { giveBack } = Slots.prototype;
  Slots.prototype.giveBack = () => {};
  return () => {
    Slots.prototype.giveBack = giveBack;
  };
}

/** Returns the clock. With the planted fault `followed-clock`, all waits follow the wall clock. */
export function clockWith(canary: Canary | null, clock: Clock): Clock {
  return canary === "followed-clock" ? { ...clock, steady: clock.now } : clock;
}

/**
 * Returns the facts. With the planted fault `miscounted-burial`, omits those about buried
 * deliveries.
 */
export function deafened(canary: Canary | null, facts: Facts): Facts {
  if (canary !== "miscounted-burial") return facts;
  const heard = new Facts();
  facts.subscribe((fact) => {
    if (fact.type !== "deliveries.buried") heard.state(fact);
  });
  return heard;
}
