import type { Answer, Shortage } from "../ports.ts";
import type { Settled, Settlement } from "../store/index.ts";
import type { AttemptSteps, RunningRequest } from "./attempt-steps.ts";
import type { SendableContent } from "./sendable-content.ts";
import { nextOf, settlementOf } from "./settle.ts";
import type { Slot } from "./slots.ts";
import type { Waiting } from "./waiting.ts";

/** An attempt for one delivery that is under way. */
export interface RunningAttempt extends RunningRequest {
  readonly waiting: Waiting;
  readonly content: SendableContent;
}

/**
 * Makes attempts for single deliveries. An attempt is a pipeline: begin → send → judge → settle →
 * release → publish facts. Failures of an endpoint or the network are values, so no step
 * throws because of them. Only a bug makes an attempt reject, and the delivery then stays pending.
 */
export class AttemptRunner {
  constructor(private readonly steps: AttemptSteps) {}

  /** Makes one attempt for a delivery that has just left `lane.ready`. */
  async run(slot: Slot, waiting: Waiting, now: number): Promise<void> {
    const { steps } = this;
    const { delivery } = waiting;
    try {
      const attempt = this.#begin(slot, waiting, now);
      const { content } = attempt;
      const { tracer } = steps.parts;
      const span = tracer === null ? null : tracer.attempt(content, delivery);
      const answer = await this.#send(attempt, span === null ? content : { ...content, trace: span.trace });
      if (answer === null) return;
      if (answer.kind === "shortage") {
        steps.ended(attempt);
        steps.postpone(slot.lane, waiting, answer);
        return;
      }
      const settlement = this.#judge(attempt, answer);
      span?.responded(settlement.attempt);
      const settled = (await steps.settle([settlement]))?.[0];
      if (settled === undefined) return;
      this.#release(attempt, settled);
      steps.tell(attempt, { delivery, content }, settlement, settled, span);
    } finally {
      // This has no effect if `#release` has already let go of the delivery.
      steps.parts.memory.letGo(slot.lane, waiting);
    }
  }

  #begin(slot: Slot, waiting: Waiting, now: number): RunningAttempt {
    const { steps } = this;
    const { lane } = slot;
    const content = waiting.content as SendableContent;
    const { generation } = lane;
    const { entry, target } = lane;
    const made = { lane, slot, waiting, content, entry: entry!, target: target!, generation };
    const attempt = { ...made, startedAt: steps.parts.clock.now(), startTime: now };
    steps.started(attempt);
    steps.tellStarted(waiting.delivery, null);
    return attempt;
  }

  /**
   * Sends the message and waits for the response. Returns null if the attempt was aborted because
   * the process is stopping.
   */
  #send({ target, entry, waiting }: RunningAttempt, message: SendableContent): Promise<Answer | Shortage | null> {
    return this.steps.deadline.deliver(target, message, this.steps.timeoutMs(entry), waiting.delivery);
  }

  /** Decides what the response means for the delivery, the endpoint and the lane. */
  #judge(attempt: RunningAttempt, answer: Answer): Settlement {
    const { steps } = this;
    const { seqs } = steps.parts;
    const { delivery } = attempt.waiting;
    const verdict = steps.judge(attempt, answer, delivery.attempts);
    const of = { delivery, content: attempt.content, batchSeq: null };
    return settlementOf(attempt, of, verdict, nextOf(verdict, seqs), seqs);
  }

  /**
   * Stops holding the delivery. If the delivery is still pending, makes its lane read the delivery
   * again.
   */
  #release({ lane, waiting, entry, generation }: RunningAttempt, settled: Settled): void {
    const { steps } = this;
    const { delivery } = waiting;
    const next = steps.letGo(lane, waiting, settled);
    if (next === null) return;
    if (lane.entry !== entry) {
      // The endpoint has been changed, perhaps its ordering, so the delivery may be at either of
      // these two positions.
      lane.waitsOnDisk(Math.min(delivery.position, next.position));
    } else if (!lane.isFifo) {
      lane.waitsOnDisk(next.position);
    } else if (lane.isReading || lane.generation !== generation) {
      // The lane has changed, so the delivery may no longer be its head.
      lane.waitsOnDisk(delivery.position);
    } else {
      // The head of a FIFO lane is retried before the next delivery, so it stays in memory and
      // keeps its position.
      steps.parts.memory.putBack(lane, { ...delivery, attempts: next.attempts, dueAt: next.dueAt });
    }
  }
}
