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

/** Aims events at attempts, settlements and lanes that have just come in flight. */
export class Aims {
  mode: AimMode = "none";
  readonly #hadLast = new Set<Seq>();
  #next: Statement<{ seq: Seq }, [number]> | null = null;

  constructor(private readonly world: World) {}

  /** Called when `target` has come in flight, for about `forMs`. May schedule an event for it. */
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
    // A replay finds few of the deliveries under way, so it is aimed at those that it finds.
    if (isRetry && rates.events.replay > 0 && dice.chance(aim === "settlement" ? 0.8 : 0.2)) return "replay";
    // A fifo lane reads while its head is under way only after a change of its endpoint.
    const isFifo = inFlight.known.get(endpointSeq)?.ordering === "fifo";
    if (aim === "attempt" && isFifo && rates.events.retune > 0 && dice.chance(0.5)) return "retune";
    return rollAimed(dice, rates);
  }

  /**
   * Returns the target. For a whole endpoint it often returns the next delivery of its lane
   * instead.
   */
  #sharpened(target: Target): Target {
    if (target.messageSeq !== null || this.world.dice.chance(0.5)) return target;
    this.#next ??= this.world.db.prepare(
      "SELECT message_seq AS seq FROM delivery WHERE endpoint_seq = ? AND state = 0 ORDER BY position LIMIT 1",
    );
    return { ...target, messageSeq: this.#next.get(target.endpointSeq)?.seq ?? null };
  }

  /**
   * Aims a last resend at an attempt. No later event can then hide that the program missed that
   * resend.
   */
  #takeLast(target: Target): void {
    if (this.#hadLast.has(target.endpointSeq)) return;
    this.#hadLast.add(target.endpointSeq);
    this.world.later(0, "resend", target);
  }
}
