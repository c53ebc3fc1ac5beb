import type { AttemptSpan } from "../core/tracer.ts";
import type { Answer, Shortage } from "../ports.ts";
import type { Settlement } from "../store/index.ts";
import type { TargetMessage } from "../targets/target.ts";
import type { AttemptSteps, RunningRequest } from "./attempt-steps.ts";
import { nextOf, settlementOf } from "./settle.ts";
import type { Slot } from "./slots.ts";
import type { BatchRequest, Waiting } from "./waiting.ts";

/**
 * Makes attempts for prepared batches: send → judge → settle → release → publish facts. All members are
 * settled in one commit.
 */
export class BatchRunner {
  constructor(private readonly steps: AttemptSteps) {}

  /** Makes one attempt for a batch that has just left `lane.ready`. */
  async run(slot: Slot, waiting: Waiting, now: number): Promise<void> {
    const { steps } = this;
    const batch = waiting.batch!.request!;
    try {
      const request = this.#begin(slot, batch, now);
      const { tracer } = steps.parts;
      const spans = batch.parts.map(({ content, delivery }) => tracer?.attempt(content, delivery) ?? null);
      const answer = batch.failure ?? (await this.#send(request, batch));
      if (answer === null) return;
      if (answer.kind === "shortage") {
        steps.ended(request);
        steps.postpone(slot.lane, waiting, answer);
        return;
      }
      await this.#settle(request, batch, this.#judge(request, batch, answer), spans);
    } finally {
      // This has no effect on members that have been released.
      steps.parts.memory.letGo(slot.lane, waiting);
    }
  }

  #begin(slot: Slot, { parts, batchSeq }: BatchRequest, now: number): RunningRequest {
    const { steps } = this;
    const { lane } = slot;
    const { generation } = lane;
    // The members are already transformed. A key may have expired since the batch was prepared.
    const target = lane.target!.transforming?.target ?? lane.target!;
    const times = { startedAt: steps.parts.clock.now(), startTime: now };
    const request: RunningRequest = { lane, slot, entry: lane.entry!, target, generation, ...times };
    steps.started(request);
    for (const { delivery } of parts) steps.tellStarted(delivery, batchSeq);
    return request;
  }

  /** Returns null if the attempt was aborted because the process is stopping. */
  #send(
    { target, entry }: RunningRequest,
    { batchSeq, payload, parts }: BatchRequest,
  ): Promise<Answer | Shortage | null> {
    const message: TargetMessage = {
      ...{ seq: batchSeq, idPrefix: "batch_", payload },
      ...{ contentType: null, headers: null, received: null },
    };
    const { attempts } = parts[0]!.delivery;
    return this.steps.deadline.deliver(target, message, this.steps.timeoutMs(entry), { seq: batchSeq, attempts });
  }

  /**
   * Decides what the response means. All members get the same next state and position, so that they
   * stay together. The batch counts the failed attempts of the member with the fewest.
   */
  #judge(request: RunningRequest, { parts, batchSeq }: BatchRequest, answer: Answer): Settlement[] {
    const { steps } = this;
    const { seqs } = steps.parts;
    const attempts = Math.min(...parts.map(({ delivery }) => delivery.attempts));
    const verdict = steps.judge(request, answer, attempts);
    const next = nextOf(verdict, seqs);
    const settlements = parts.map(({ transformation, delivery, content }) => {
      const ofMember = transformation === undefined ? verdict : { ...verdict, answer: { ...answer, transformation } };
      return settlementOf(request, { delivery, content, batchSeq }, ofMember, next, seqs);
    });
    return withOneResponse(settlements);
  }

  async #settle(
    request: RunningRequest,
    { parts }: BatchRequest,
    settlements: readonly Settlement[],
    spans: ReadonlyArray<AttemptSpan | null>,
  ): Promise<void> {
    const { steps } = this;
    for (const [i, span] of spans.entries()) span?.responded(settlements[i]!.attempt);
    const settled = await steps.settle(settlements);
    if (settled === null) return;
    for (const [i, { waiting }] of parts.entries()) steps.releaseMember(request, waiting, settled[i]!);
    // If the endpoint no longer gets batches, the deliveries behind the batch may have been read.
    if (request.lane.isOvertaking) steps.parts.memory.release(request.lane);
    for (const [i, part] of parts.entries()) steps.tell(request, part, settlements[i]!, settled[i]!, spans[i]!);
  }
}

/** Stores the response once: in the attempt of the last member, which has the youngest message. */
function withOneResponse(settlements: readonly Settlement[]): Settlement[] {
  const { seq } = settlements.at(-1)!.attempt;
  return settlements.map((settlement) => {
    const { attempt } = settlement;
    return attempt.seq === seq ? settlement : { ...settlement, attempt: { ...attempt, responseIn: seq } };
  });
}
