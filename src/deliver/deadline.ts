import type { Facts } from "../core/facts.ts";
import type { Answer, Clock, Shortage } from "../ports.ts";
import type { PreparedTarget, TargetDelivery, TargetMessage } from "../targets/target.ts";

/** Aborts attempts that exceed their timeout. Aborts all attempts when the process stops. */
export class Deadline {
  readonly #underWay = new Set<AbortController>();

  constructor(
    private readonly clock: Clock,
    private readonly facts: Facts,
  ) {}

  /**
   * Makes an attempt that takes at most `timeoutMs`. Returns null if `cutOff` aborted it. Never
   * rejects: an error becomes a failed attempt, because otherwise the message would be sent again
   * forever.
   */
  async deliver(
    target: PreparedTarget,
    message: TargetMessage,
    timeoutMs: number,
    delivery: TargetDelivery,
  ): Promise<Answer | Shortage | null> {
    try {
      return await this.within(timeoutMs, (signal) => target.deliver(message, signal, delivery));
    } catch (error) {
      this.facts.state({ type: "defect.found", where: "attempt", error });
      return {
        kind: "failure",
        reason: "connection",
        detail: "The request was not sent because of an internal error.",
      };
    }
  }

  /** Does a part of an attempt within a time limit. Returns null if `cutOff` aborted it. */
  async within<T>(timeoutMs: number, work: (signal: AbortSignal) => Promise<T>): Promise<T | null> {
    const controller = new AbortController();
    this.#underWay.add(controller);
    const cancelTimeout = this.clock.after(timeoutMs, () => controller.abort());
    try {
      const result = await work(controller.signal);
      return this.#underWay.has(controller) ? result : null;
    } finally {
      cancelTimeout();
      this.#underWay.delete(controller);
    }
  }

  /** Aborts all attempts that are under way. Whether their messages have arrived is unknown. */
  cutOff(): void {
    for (const controller of this.#underWay) controller.abort();
    this.#underWay.clear();
  }
}
