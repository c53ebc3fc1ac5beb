import type { Facts } from "../core/fact.ts";
import type { Answer, Clock } from "../ports.ts";
import type { EndpointEntry } from "../store/directory.ts";
import type { Attempter, SendableContent } from "./attempt.ts";

/** Makes attempts that end: by an answer, by their timeout, or with the process. */
export class Sender {
  readonly #underWay = new Set<AbortController>();

  constructor(
    private readonly clock: Clock,
    private readonly facts: Facts,
    private readonly attempter: Attempter,
    private readonly timeoutMs: number,
  ) {}

  /** Never rejects: what cannot be sent is a failed attempt, or it would be tried for ever. Null when it was cut off. */
  async send(entry: EndpointEntry, content: SendableContent): Promise<Answer | null> {
    const controller = new AbortController();
    this.#underWay.add(controller);
    const cancelTimeout = this.clock.after(entry.endpoint.timeoutMs ?? this.timeoutMs, () => controller.abort());
    try {
      const answer = await this.attempter.attempt(entry, content, controller.signal);
      return this.#underWay.has(controller) ? answer : null;
    } catch (error) {
      this.facts.state({ type: "defect.found", where: "attempt", error });
      return {
        kind: "failure",
        reason: "connection",
        detail: "A mistake in the server kept the request from being sent.",
      };
    } finally {
      cancelTimeout();
      this.#underWay.delete(controller);
    }
  }

  /** Ends what is under way. Whether it arrived is not known. */
  cutOff(): void {
    for (const controller of this.#underWay) controller.abort();
    this.#underWay.clear();
  }
}
