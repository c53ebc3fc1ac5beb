import type { Statement } from "bun:sqlite";
import type { Seq } from "../../src/core/id.ts";
import { rollAimed, rollGentle } from "./events.ts";
import type { AimName, EventName } from "./rates.ts";
import type { Target } from "./watch/in-flight.ts";
import type { World } from "./world.ts";

/**
 * Selects the events that are aimed at work in flight. `gentle`: only events after which deliveries
 * can still be made. `last`: one resend to each endpoint.
 */
export type AimMode = "all" | "gentle" | "last" | "none";

/** Starts an event at the moment when an attempt, a settlement or the work of a lane begins. */
export class Aims {
  mode: AimMode = "none";
  readonly #hadLast = new Set<Seq>();
  #next: Statement<{ seq: Seq }, [number]> | null = null;

  constructor(private readonly world: World) {}

  /**
   * Called when work on `target` begins, which takes about `forMs`. May schedule an event for the
   * target.
   */
  take(aim: AimName, target: Target, forMs: number): void {
    const { dice, rates, endpoints, isFull, later } = this.world;
    if (this.mode === "none" || !endpoints.includes(target.endpointSeq)) return;
    if (this.mode === "last") {
      if (aim === "attempt") this.#takeLast(target);
      return;
    }
    if (isFull || !dice.chance(rates.aims[aim])) return;
    const name = this.#roll(aim, target);
    const withinMs = aim === "attempt" ? dice.pick([1, 3, 10, 100, forMs]) : Math.min(forMs, 5000);
    if (name !== null) later(dice.below(Math.floor(withinMs) + 1), name, this.#sharpened(target));
  }

  #roll(aim: AimName, { isRetry = false, endpointSeq }: Target): EventName | null {
    const { dice, rates, inFlight } = this.world;
    if (this.mode === "gentle") return rollGentle(dice);
    // A replay rarely selects a delivery under way, so it is aimed at one that it may select.
    if (isRetry && rates.events.replay > 0 && dice.chance(aim === "settlement" ? 0.8 : 0.2)) return "replay";
    // A fifo lane is read during an attempt only if its endpoint has changed.
    const isFifo = inFlight.known.get(endpointSeq)?.ordering === "fifo";
    if (aim === "attempt" && isFifo && rates.events.retune > 0 && dice.chance(0.5)) return "retune";
    return rollAimed(dice, rates);
  }

  /**
   * Returns the target. If the target is a whole endpoint, often returns the next delivery of that
   * endpoint instead.
   */
  #sharpened(target: Target): Target {
    if (target.messageSeq !== null || this.world.dice.chance(0.5)) return target;
    this.#next ??= this.world.db.prepare(
      "SELECT message_seq AS seq FROM delivery WHERE endpoint_seq = ? AND state = 0 ORDER BY position LIMIT 1",
    );
    return { ...target, messageSeq: this.#next.get(target.endpointSeq)?.seq ?? null };
  }

  /**
   * Aims the last resend to an endpoint at an attempt, so that no later event can hide that the
   * program missed the resend.
   */
  #takeLast(target: Target): void {
    if (this.#hadLast.has(target.endpointSeq)) return;
    this.#hadLast.add(target.endpointSeq);
    this.world.later(0, "resend", target);
  }
}
