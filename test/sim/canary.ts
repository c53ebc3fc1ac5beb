import { Facts } from "../../src/core/fact.ts";
import { Slots } from "../../src/deliver/slots.ts";
import type { Clock } from "../../src/ports.ts";
import { plantAtConsumers } from "./socket-canary.ts";
import type { Report } from "./world.ts";

/**
 * Faults that are planted to show that the simulation finds them, each with the violation that must
 * be reported. A programmer could make each of these mistakes.
 */
export const CANARIES = {
  "early-response": /is not stored|is lost/,
  "lost-retry": /will wait/,
  "short-retry": /its schedule says/,
  "skipped-row": /starts after the younger|overtakes|still pending/,
  "wrong-order": /starts after the younger|overtakes/,
  "sent-again": /is attempted in state 1/,
  "sent-early": /before its time/,
  overslept: /has not been attempted/,
  "never-healed": /counts as failing/,
  "forgotten-trait": /the list of messages/,
  "hasty-prune": /was deleted while it was pending/,
  "miscounted-burial": /the tally says/,
  "miscounted-expunge": /the tally says/,
  "miscounted-cancellation": /the tally says/,
  "kept-bytes": /the quota of application .* bytes/,
  "unread-lane": /still pending|has not been attempted/,
  "immortal-secret": /signed with an expired key/,
  "immortal-token": /is accepted after its end/,
  "forgotten-key": /the key .* (got the response|stored)/,
  "lost-operational": /operational webhooks of the type .* are missing/,
  "kept-slot": /a healthy endpoint waited/,
  "followed-clock": /its schedule says|attempt_values_check/,
  "early-door-response": /got a 2xx but is not stored/,
  "separate-door-key": /is stored twice within its window/,
  "remembered-forgery": /got a 2xx(, but its message is| but is) not stored/,
  "captured-twice": /has captured 2 secrets/,
  "forgotten-hold": /although deliveries are held/,
  "forgotten-pause": /although deliveries are paused/,
  "open-batch": /which the store does not know|is sent without message/,
  "grown-batch": /was tried without message/,
  "unread-filter": /which its filter refuses/,
  "unread-version": /is sent to endpoint \d+ as/,
  "skipped-downgrade": /is sent to endpoint \d+ as/,
  "unread-payload-mode": /whose payload mode is reference has received/,
  "early-link-response": /has worked twice/,
  "used-before-downgrade": /does not work although it is unused/,
  "unmarked-function-message": /has sent message \d .*twice/,
  "lost-function-message": /is lost/,
  "lost-frame-delivered": /counts as delivered but never arrived/,
  "unheard-acknowledgement": /was acknowledged by a consumer, but its attempt has failed/,
  "unbounded-frames": /gets a frame besides/,
  "unguarded-consumers": /a consumer is still connected to the endpoint/,
  "early-acknowledgement": /is acknowledged but is not stored/,
  "forgotten-queue-key": /message .* is stored twice within its window/,
  "unbounded-prefetch": /asks for \d+ messages besides/,
  "kept-connection": /has two connections at the same time/,
  "forgotten-message": /there are still messages in the queue/,
  "reversed-queue": /is stored after one that followed it/,
  "unlogged-poison": /is refused but is not logged/,
  "unread-disabling": /still receives messages from .* after it was changed/,
} as const satisfies Readonly<Record<string, RegExp>>;
export type Canary = keyof typeof CANARIES;
export const CANARY_NAMES = Object.keys(CANARIES) as Canary[];

/**
 * Returns the violations of a world. With a planted fault, returns only those that the fault must
 * cause.
 */
export function findings({ violations }: Pick<Report, "violations">, canary: Canary | null): readonly string[] {
  return canary === null ? violations : violations.filter((violation) => CANARIES[canary].test(violation));
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
