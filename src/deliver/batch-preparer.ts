import { batchBody, batchBodyBytes, batchElement } from "../core/batch.ts";
import type { IdCodec, Seq } from "../core/id.ts";
import type { Answer, Shortage } from "../ports.ts";
import type { EndpointEntry } from "../store/directory.ts";
import type { AttemptSteps, RunningRequest } from "./attempt-steps.ts";
import type { BatchMember, ShapedMember } from "./batch-member.ts";
import { cancelExpunged } from "./expunged.ts";
import type { Lane } from "./lane.ts";
import type { SendableContent } from "./sendable-content.ts";
import { nextOf, settlementOf } from "./settle.ts";
import type { BatchPart, Waiting } from "./waiting.ts";

/** A member that is not sent: its transformation failed or cancelled it. */
interface Alone extends BatchMember {
  readonly answer: Answer;
}

interface Shaped {
  readonly parts: ShapedMember[];
  readonly alone: Alone[];
  /** The result of the batch if it cannot be sent. Null if it can. */
  failure: Answer | null;
}

/** The part of a request that is known before it starts. */
type Preparing = Pick<RunningRequest, "lane" | "entry" | "target" | "startedAt" | "startTime">;

const NO_BYTES = new Uint8Array();
const TOO_SLOW: Answer = { kind: "failure", reason: "timeout", detail: "The transformations took too long." };

/**
 * Prepares the batch at the head of a lane for its attempt. Reads the contents, transforms each
 * message, settles the messages that are not sent, and closes a new batch. Counts as a read of the lane.
 */
export class BatchPreparer {
  constructor(
    private readonly steps: AttemptSteps,
    private readonly ids: IdCodec,
  ) {}

  /** Replaces the head of `lane.ready` with the batch as it is sent, or removes it if nothing is left. */
  async prepare(lane: Lane, head: Waiting, entry: EndpointEntry): Promise<void> {
    const { steps } = this;
    const { generation } = lane;
    const isOutdated = () => lane.generation !== generation;
    const { clock, time, memory } = steps.parts;
    const times = { startedAt: clock.now(), startTime: time.now() };
    const preparing: Preparing = { lane, entry, target: lane.target!, ...times };
    const members = await this.#contents(preparing, head.batch!.members, isOutdated);
    const shaped = await this.#shape(preparing, members);
    if (shaped === null || isOutdated()) return;
    if ("kind" in shaped) {
      steps.postpone(lane, head, shaped);
      return;
    }
    // These are settled before the batch is closed. Otherwise, if the lane changed in between, their
    // results would be lost. They would be tried again after younger members of the closed batch.
    if (!(await this.#settleAlone(preparing, shaped.alone)) || isOutdated()) return;
    const { batchSeq, parts: joined } = await this.#close(shaped.parts);
    if (isOutdated()) return;
    lane.ready.shift();
    const sent = new Set(joined.map(({ waiting }) => waiting));
    for (const waiting of head.batch!.members) {
      if (sent.has(waiting) || !lane.isHolding(waiting)) continue;
      // It did not fit, or has left the batch.
      memory.letGo(lane, waiting);
      lane.waitsOnDisk(0);
    }
    if (joined.length === 0) return;
    const { failure } = shaped;
    const payload = failure === null ? batchBody(joined.map(({ element }) => element)) : NO_BYTES;
    const parts = joined.map(({ waiting, delivery, content, transformation }): BatchPart => {
      return { waiting, delivery, content: memory.keepLabels(waiting, content), transformation };
    });
    const request = { batchSeq, parts, failure, payload };
    const batch = { members: parts.map(({ waiting }) => waiting), request };
    lane.ready.unshift({ delivery: parts[0]!.delivery, content: null, payloadBytes: 0, batch });
  }

  /** Reads the messages. Their size together is limited, because the batch was formed by their sizes. */
  async #contents(
    { lane, entry }: Preparing,
    members: readonly Waiting[],
    isOutdated: () => boolean,
  ): Promise<BatchMember[]> {
    const { queue, memory } = this.steps.parts;
    const contents = await queue.contents(members.map(({ delivery }) => delivery.messageSeq));
    const found: BatchMember[] = [];
    for (const [i, waiting] of members.entries()) {
      if (isOutdated()) break;
      const content = contents[i];
      const { delivery } = waiting;
      if (content?.payload) {
        memory.keep(waiting, content);
        found.push({ waiting, delivery, content: content as SendableContent });
      } else {
        memory.letGo(lane, waiting);
        await cancelExpunged(this.steps.parts, delivery, entry.endpoint.environmentSeq);
      }
    }
    return found;
  }

  /** Returns null if it was aborted because the process is stopping. */
  #shape(preparing: Preparing, members: readonly BatchMember[]): Promise<Shaped | Shortage | null> {
    const timeoutMs = this.steps.timeoutMs(preparing.entry);
    return this.steps.deadline.within(timeoutMs, (signal) => this.#shapeEach(preparing, members, signal));
  }

  /**
   * Transforms the messages one after another. Members of a new batch that exceed the size or the time
   * are left out: they join the next one. In a batch that was closed before, a member whose result has
   * become too large fails alone. If the time is exceeded, such a batch fails.
   */
  async #shapeEach(
    preparing: Preparing,
    members: readonly BatchMember[],
    signal: AbortSignal,
  ): Promise<Shaped | Shortage> {
    const { maxBodyBytes } = this.steps.parts.policy;
    const isNew = members[0]?.delivery.batchSeq == null;
    const shaped: Shaped = { parts: [], alone: [], failure: null };
    let bytes = 0;
    for (const [i, member] of members.entries()) {
      const part = await this.#partOf(preparing, member, signal);
      if ("kind" in part) {
        if (!signal.aborted || (isNew && shaped.parts.length === 0)) return part;
        return isNew ? shaped : outOfTime(shaped, members.slice(i));
      }
      if ("answer" in part) {
        shaped.alone.push(part);
        continue;
      }
      const { byteLength } = part.element;
      const isTooLarge = batchBodyBytes(shaped.parts.length + 1, bytes + byteLength) > maxBodyBytes;
      if (isTooLarge && shaped.parts.length > 0) {
        if (isNew) return shaped;
        if (part.transformation !== undefined) {
          shaped.alone.push({ ...member, answer: tooLarge(part.transformation.logs, maxBodyBytes) });
          continue;
        }
      }
      shaped.parts.push(part);
      bytes += byteLength;
    }
    return shaped;
  }

  async #partOf(
    { target, entry }: Preparing,
    member: BatchMember,
    signal: AbortSignal,
  ): Promise<ShapedMember | Alone | Shortage> {
    const message = member.content;
    const { eventType, acceptedAt, seq } = message;
    const id = this.ids.encode("msg_", seq);
    const elementOf = (payload: Uint8Array) => batchElement({ id, eventType, acceptedAt, payload });
    if (target.transforming === undefined) {
      return { ...member, element: elementOf(message.payload), transformation: undefined };
    }
    const result = await target.transforming.transform(message, signal);
    if (result.kind === "shortage") return result;
    if (result.kind !== "message") return { ...member, answer: result };
    const { payload, shown = payload, logs } = result;
    const sent = { method: "POST" as const, url: entry.shownUrl, payload: shown };
    return { ...member, element: elementOf(payload ?? message.payload), transformation: { sent, logs } };
  }

  /** Closes a new batch. Members that have ended in the meantime are left out. */
  async #close(
    parts: readonly ShapedMember[],
  ): Promise<{ readonly batchSeq: Seq; readonly parts: readonly ShapedMember[] }> {
    const known = parts[0]?.delivery.batchSeq ?? null;
    if (known !== null || parts.length === 0) return { batchSeq: known ?? 0, parts };
    const { queue, seqs } = this.steps.parts;
    const batchSeq = seqs.next();
    const joined = new Set(
      await queue.batch.close(
        batchSeq,
        parts.map(({ delivery }) => delivery),
      ),
    );
    return { batchSeq, parts: parts.filter(({ delivery }) => joined.has(delivery.seq)) };
  }

  /** Stores the attempts of members that are not sent. Returns false if the process stops first. */
  async #settleAlone(preparing: Preparing, alone: readonly Alone[]): Promise<boolean> {
    if (alone.length === 0) return true;
    const { steps } = this;
    const { time, seqs } = steps.parts;
    const settlements = alone.map(({ answer, delivery, content }) => {
      const verdict = steps.verdict(preparing, answer, delivery.attempts, time.now());
      return settlementOf(preparing, { delivery, content, batchSeq: null }, verdict, nextOf(verdict, seqs), seqs);
    });
    const settled = await steps.settle(settlements);
    if (settled === null) return false;
    for (const [i, { waiting }] of alone.entries()) steps.releaseMember(preparing, waiting, settled[i]!);
    for (const [i, one] of alone.entries()) steps.tell(preparing, one, settlements[i]!, settled[i]!, null);
    return true;
  }
}

function tooLarge(logs: readonly string[], bytesMax: number): Answer {
  const detail = `The batch would have more than ${bytesMax} bytes with the result of the transformation.`;
  return { kind: "failure", reason: "transformation", detail, transformation: { sent: null, logs } };
}

/** Returns a batch that fails because its transformations took too long. */
function outOfTime({ parts, alone }: Shaped, others: readonly BatchMember[]): Shaped {
  const rest = others.map((member) => ({ ...member, element: NO_BYTES, transformation: undefined }));
  return { parts: [...parts, ...rest], alone, failure: TOO_SLOW };
}
