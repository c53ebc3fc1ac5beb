import { batchBody, batchBodyBytes, batchElement } from "../core/batch.ts";
import type { IdCodec, Seq } from "../core/id.ts";
import type { AttemptSpan } from "../core/tracer.ts";
import type { Answer, Shortage, TransformationResult } from "../ports.ts";
import type { PendingDelivery, Settled, Settlement } from "../store/index.ts";
import type { PreparedTarget, TargetMessage } from "../targets/target.ts";
import type { AttemptSteps, RunningRequest } from "./attempt-steps.ts";
import { cancelExpunged } from "./expunged.ts";
import type { Waiting } from "./lane.ts";
import { nextOf, settlementOf, type Verdict } from "./settle.ts";
import { type SendableContent, shape } from "./shape.ts";
import type { Slot } from "./slots.ts";

/** A delivery of a batch, and its message. */
interface Member {
  readonly waiting: Waiting;
  readonly delivery: PendingDelivery;
  readonly content: SendableContent;
}

/** A member as it is sent. */
interface Part extends Member {
  readonly element: Uint8Array;
  /** What the transformation did; undefined if there is none. */
  readonly transformation: TransformationResult | undefined;
}

/** A member that is not sent: its transformation failed or cancelled it. */
interface Alone extends Member {
  readonly answer: Answer;
}

interface Shaped {
  readonly parts: Part[];
  readonly alone: Alone[];
  /** The result of the batch if it cannot be sent. Null if it can. */
  failure: Answer | null;
}

const NO_BYTES = new Uint8Array();
const TOO_SLOW: Answer = { kind: "failure", reason: "timeout", detail: "The transformations took too long." };

/** An attempt that has ended for one member, and the state of its settlement. */
interface Ended extends Member {
  readonly settlement: Settlement;
  readonly span: AttemptSpan | null;
}

/**
 * Makes attempts for batches: contents → shape each member → close → send → judge → settle → release →
 * publish facts. All members are settled in one commit.
 */
export class BatchRunner {
  constructor(
    private readonly steps: AttemptSteps,
    private readonly ids: IdCodec,
  ) {}

  /** Makes one attempt for a batch that has just left `lane.ready`. */
  async run(slot: Slot, batch: Waiting, now: number): Promise<void> {
    const { steps } = this;
    const request = this.#begin(slot, now);
    try {
      const members = await this.#contents(request, batch.members!);
      const shaped = members.length === 0 ? null : await this.#shape(request, members);
      if (shaped === null) return;
      if ("kind" in shaped) steps.postpone(request, batch, shaped);
      else await this.#sendAndSettle(request, batch, shaped);
    } finally {
      // This has no effect on members that `#release` has already let go of.
      steps.parts.memory.letGo(slot.lane, batch);
      slot.lane.hasEndedAttempt = true;
      steps.ended(request);
    }
  }

  #begin(slot: Slot, now: number): RunningRequest {
    const { lane } = slot;
    const { entry, target, generation } = lane;
    const startedAt = this.steps.parts.clock.now();
    const request = { lane, slot, entry: entry!, target: target!, generation, startedAt, startTime: now };
    this.steps.started(request);
    return request;
  }

  /** Reads the messages. Their size together is limited, because the batch was formed by their sizes. */
  async #contents({ lane, entry }: RunningRequest, members: readonly Waiting[]): Promise<Member[]> {
    const { queue, memory } = this.steps.parts;
    const contents = await queue.contents(members.map(({ delivery }) => delivery.messageSeq));
    const found: Member[] = [];
    for (const [i, waiting] of members.entries()) {
      const content = contents[i];
      if (content?.payload) {
        memory.keep(waiting, content);
        found.push({ waiting, delivery: waiting.delivery, content: content as SendableContent });
      } else {
        memory.letGo(lane, waiting);
        await cancelExpunged(this.steps.parts, waiting.delivery, entry.endpoint.environmentSeq);
      }
    }
    return found;
  }

  /** Returns null if the attempt was aborted because the process is stopping. */
  #shape(request: RunningRequest, members: readonly Member[]): Promise<Shaped | Shortage | null> {
    const { deadline } = this.steps;
    // The other half of the time remains for the request.
    const timeoutMs = this.steps.timeoutMs(request.entry) / 2;
    return deadline.within(timeoutMs, (signal) => this.#shapeEach(request, members, signal));
  }

  /**
   * Transforms the messages one after another. The members of a new batch for which size or time do not
   * suffice are left out: they join the next one. In a batch that was tried before, a member whose
   * result has become too great fails alone, and if the time does not suffice, the batch fails.
   */
  async #shapeEach(
    request: RunningRequest,
    members: readonly Member[],
    signal: AbortSignal,
  ): Promise<Shaped | Shortage> {
    const { maxBodyBytes } = this.steps.parts.policy;
    const isNew = members[0]!.delivery.batchSeq === null;
    const shaped: Shaped = { parts: [], alone: [], failure: null };
    let bytes = 0;
    for (const [i, member] of members.entries()) {
      const part = await this.#partOf(request, member, signal);
      if ("kind" in part) {
        if (!signal.aborted || (isNew && shaped.parts.length === 0)) return part;
        if (!isNew) return outOfTime(shaped, members.slice(i));
        break;
      }
      if ("answer" in part) {
        shaped.alone.push(part);
        continue;
      }
      const { byteLength } = part.element;
      const isTooGreat = batchBodyBytes(shaped.parts.length + 1, bytes + byteLength) > maxBodyBytes;
      if (isTooGreat && shaped.parts.length > 0) {
        if (isNew) break;
        if (part.transformation !== undefined) {
          const detail = `The batch would have more than ${maxBodyBytes} bytes with the result of the transformation.`;
          const { logs } = part.transformation;
          const transformation = { sent: null, logs };
          const answer = { kind: "failure", reason: "transformation", detail, transformation } as const;
          shaped.alone.push({ ...member, answer });
          continue;
        }
      }
      shaped.parts.push(part);
      bytes += byteLength;
    }
    return shaped;
  }

  async #partOf(
    { target, entry }: RunningRequest,
    member: Member,
    signal: AbortSignal,
  ): Promise<Part | Alone | Shortage> {
    const { eventType, acceptedAt, seq } = member.content;
    const message = shape(member.content);
    const id = this.ids.encode("msg_", seq);
    const elementOf = (payload: Uint8Array) => batchElement({ id, eventType, acceptedAt, payload });
    if (target.transforming === undefined) {
      return { ...member, element: elementOf(message.payload), transformation: undefined };
    }
    const result = await target.transforming.transform(message, signal);
    if (result.kind === "shortage") return result;
    if (result.kind !== "message") return { ...member, answer: result };
    const { payload } = result;
    const sent = { method: "POST" as const, url: entry.shownUrl, payload };
    return {
      ...member,
      element: elementOf(payload ?? message.payload),
      transformation: { sent, logs: result.logs },
    };
  }

  async #sendAndSettle(request: RunningRequest, batch: Waiting, shaped: Shaped): Promise<void> {
    const { steps } = this;
    const { batchSeq, parts } = await this.#close(shaped.parts);
    for (const { delivery } of parts) steps.tellStarted(delivery);
    const spans = parts.map(({ content, delivery }) => steps.parts.tracer?.attempt(content, delivery) ?? null);
    const answer = parts.length === 0 ? null : (shaped.failure ?? (await this.#send(request, batchSeq, parts)));
    if (answer?.kind === "shortage") {
      steps.postpone(request, batch, answer);
      return;
    }
    // The process is stopping.
    if (parts.length > 0 && answer === null) return;
    // Before the members of the batch, so that the batch decides about the health of the endpoint.
    const ended: Ended[] = shaped.alone.map((one) => this.#settlementAlone(request, one));
    if (answer !== null) {
      const attempts = Math.min(...parts.map(({ delivery }) => delivery.attempts));
      const verdict = steps.judge(request, answer, attempts);
      ended.push(...this.#settlementsOfBatch(request, batchSeq, parts, verdict, spans));
    }
    await this.#settle(request, ended);
  }

  /** Closes a new batch. Members that have ended in the meantime are left out. */
  async #close(parts: readonly Part[]): Promise<{ readonly batchSeq: Seq; readonly parts: readonly Part[] }> {
    const known = parts[0]?.delivery.batchSeq ?? null;
    if (known !== null || parts.length === 0) return { batchSeq: known ?? 0, parts };
    const { queue, seqs } = this.steps.parts;
    const batchSeq = seqs.next();
    const deliveries = parts.map(({ delivery: { seq, round } }) => ({ seq, round }));
    const joined = new Set(await queue.batch.close(batchSeq, deliveries));
    return { batchSeq, parts: parts.filter(({ delivery }) => joined.has(delivery.seq)) };
  }

  #send(
    { target, entry, startTime }: RunningRequest,
    batchSeq: Seq,
    parts: readonly Part[],
  ): Promise<Answer | Shortage | null> {
    const {
      deadline,
      parts: { time },
    } = this.steps;
    const plain: PreparedTarget = target.transforming?.target ?? target;
    const payload = batchBody(parts.map(({ element }) => element));
    const message: TargetMessage = {
      ...{ seq: batchSeq, idPrefix: "batch_", payload },
      ...{ contentType: null, headers: null, received: null },
    };
    const leftMs = this.steps.timeoutMs(entry) - (time.now() - startTime);
    const { attempts } = parts[0]!.delivery;
    return deadline.deliver(plain, message, Math.max(1, leftMs), { seq: batchSeq, attempts });
  }

  #settlementAlone(request: RunningRequest, { answer, ...member }: Alone): Ended {
    const { steps } = this;
    const { time, seqs } = steps.parts;
    const verdict = steps.verdict(request, answer, member.delivery.attempts, time.now());
    const of = { ...member, batchSeq: null };
    return { ...member, settlement: settlementOf(request, of, verdict, nextOf(verdict, seqs), seqs), span: null };
  }

  /** All members get the same next state and position, so that they stay together. */
  #settlementsOfBatch(
    request: RunningRequest,
    batchSeq: Seq,
    parts: readonly Part[],
    verdict: Verdict,
    spans: ReadonlyArray<AttemptSpan | null>,
  ): Ended[] {
    const { seqs } = this.steps.parts;
    const next = nextOf(verdict, seqs);
    return parts.map(({ transformation, waiting, delivery, content }, i) => {
      const answer = transformation === undefined ? verdict.answer : { ...verdict.answer, transformation };
      const of = { delivery, content, batchSeq };
      return {
        waiting,
        delivery,
        content,
        settlement: settlementOf(request, of, { ...verdict, answer }, next, seqs),
        span: spans[i]!,
      };
    });
  }

  async #settle(request: RunningRequest, ended: readonly Ended[]): Promise<void> {
    const { steps } = this;
    for (const { span, settlement } of ended) span?.responded(settlement.attempt);
    const settled = ended.length === 0 ? [] : await steps.settle(ended.map(({ settlement }) => settlement));
    if (settled === null) return;
    for (const [i, { waiting }] of ended.entries()) this.#release(request, waiting, settled[i]!);
    for (const [i, one] of ended.entries()) steps.tell(request, one, one.settlement, settled[i]!, one.span);
  }

  /** Stops holding a member. If it is still pending, makes its lane read it again. */
  #release({ lane, entry }: RunningRequest, waiting: Waiting, { change, next }: Settled): void {
    const { memory, signals } = this.steps.parts;
    const { delivery } = waiting;
    memory.letGo(lane, waiting);
    // See `AttemptRunner`.
    if (lane.takeResent(delivery.seq)) lane.waitsOnDisk(0);
    if (change === "stale" || next.state !== "pending") return;
    const mayKeepPosition = lane.isFifo || lane.entry !== entry;
    if (!lane.isOwned) {
      signals.send({ type: "lane.filled", endpointSeq: lane.endpointSeq, position: next.position });
    } else {
      lane.waitsOnDisk(mayKeepPosition ? Math.min(delivery.position, next.position) : next.position);
    }
  }
}

/** Returns the members of a batch for whose transformations the time did not suffice. */
function outOfTime({ parts, alone }: Shaped, others: readonly Member[]): Shaped {
  const rest = others.map((member) => ({ ...member, element: NO_BYTES, transformation: undefined }));
  return { parts: [...parts, ...rest], alone, failure: TOO_SLOW };
}
