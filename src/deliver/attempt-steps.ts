import { decide } from "../core/delivery.ts";
import type { Facts } from "../core/facts.ts";
import type { Seq, SeqSource } from "../core/id.ts";
import { classify } from "../core/outcome.ts";
import { restAfterShortageMs } from "../core/shortage.ts";
import type { Signals } from "../core/signal.ts";
import { traceIdOf } from "../core/trace.ts";
import type { AttemptSpan, Tracer } from "../core/tracer.ts";
import type { Answer, Clock, Random, Shortage } from "../ports.ts";
import type { EndpointEntry } from "../store/directory.ts";
import type { MessageContent, PendingDelivery, Queue, Settled, Settlement } from "../store/index.ts";
import { StoreUnavailable } from "../store/index.ts";
import type { PreparedTarget } from "../targets/target.ts";
import { Deadline } from "./deadline.ts";
import type { DeliveryTime } from "./delivery-time.ts";
import type { Lane } from "./lane.ts";
import type { Memory } from "./memory.ts";
import type { DeliveryPolicy } from "./policy.ts";
import { finishedFact, healthFact, STORE_RETRY_MS, type Verdict } from "./settle.ts";
import type { Slot, Slots } from "./slots.ts";
import type { Waiting } from "./waiting.ts";
import { ShortageWatch } from "./watches/shortage-watch.ts";
import { SlowWatch } from "./watches/slow-watch.ts";

type PendingState = Extract<Settled["next"], { readonly state: "pending" }>;

const CANCELLED = { state: "cancelled" } as const;

/** A request that is under way, for one delivery or for a batch. */
export interface RunningRequest {
  readonly lane: Lane;
  readonly slot: Slot;
  /** The endpoint as it was when the attempt started. */
  readonly entry: EndpointEntry;
  readonly target: PreparedTarget;
  /** The lane's generation when the attempt started. */
  readonly generation: number;
  /** Start of the attempt, by the wall clock. */
  readonly startedAt: number;
  /** Start of the attempt, as a delivery time. */
  readonly startTime: number;
}

export interface AttemptParts {
  readonly clock: Clock;
  readonly time: DeliveryTime;
  readonly random: Random;
  readonly queue: Queue;
  readonly seqs: SeqSource;
  readonly facts: Facts;
  readonly signals: Signals;
  readonly policy: DeliveryPolicy;
  readonly slots: Slots;
  readonly memory: Memory;
  /** Null unless traces are exported. */
  readonly tracer: Tracer | null;
  /** Called when an attempt has returned its slot, because other lanes may be served now. */
  readonly onSlow: () => void;
  /** Returns whether the clock must not be used to decide how long an endpoint has been failing. */
  readonly isClockDoubted: () => boolean;
  readonly isStopping: () => boolean;
}

/** The steps that attempts for one delivery and attempts for a batch have in common. */
export class AttemptSteps {
  readonly deadline: Deadline;
  readonly #slow: SlowWatch<RunningRequest>;
  readonly #shortages: ShortageWatch;

  constructor(readonly parts: AttemptParts) {
    this.deadline = new Deadline(parts.clock, parts.facts);
    this.#shortages = new ShortageWatch(parts.clock, parts.facts);
    const { time, slots, onSlow } = parts;
    const shortSince = () => slots.shortSince;
    this.#slow = new SlowWatch<RunningRequest>(time, shortSince, ({ lane, slot }) => {
      slots.giveBack(slot);
      slots.setReputation(lane, "slow");
      onSlow();
    });
  }

  /**
   * Must be called when `slots.shortSince` becomes set, because attempts then return their slots
   * earlier.
   */
  slotsAreShort(): void {
    this.#slow.look();
  }

  /** Aborts all attempts that are under way. Their deliveries stay pending. */
  cutOff(): void {
    this.deadline.cutOff();
    this.#slow.stop();
    this.#shortages.stop();
  }

  /** Must be called when a request starts. */
  started(request: RunningRequest): void {
    this.#slow.started(request);
  }

  /** Publishes that an attempt of a delivery has started. */
  tellStarted({ seq: deliverySeq, endpointSeq }: PendingDelivery, batchSeq: Seq | null): void {
    const { facts } = this.parts;
    if (facts.wants("attempt.started")) facts.state({ type: "attempt.started", deliverySeq, endpointSeq, batchSeq });
  }

  /** Maximum duration of an attempt, in ms. */
  timeoutMs({ endpoint }: EndpointEntry): number {
    return endpoint.timeoutMs ?? this.parts.policy.deliveryTimeoutMs;
  }

  /**
   * Makes the lane rest after an attempt that a shortage of this machine has prevented. The
   * deliveries stay pending with unchanged attempts and due time.
   */
  postpone(lane: Lane, waiting: Waiting, shortage: Shortage): void {
    const { time, memory, facts } = this.parts;
    const now = time.now();
    memory.letGo(lane, waiting);
    // The lane is read again from its beginning, so that the postponed delivery stays ahead of
    // later ones.
    if (lane.isOwned) memory.release(lane);
    // Concurrent attempts of the lane fail together and count as one shortage.
    if (lane.restsUntil <= now) lane.restsUntil = now + restAfterShortageMs(lane.shortages++);
    for (const { delivery } of waiting.batch?.members ?? [waiting]) {
      const { seq: deliverySeq, endpointSeq } = delivery;
      facts.state({ type: "delivery.postponed", deliverySeq, endpointSeq, resource: shortage.resource });
    }
    this.#shortages.postponed(shortage);
  }

  /**
   * Decides what the response to a request means for the endpoint, the lane and a delivery with this
   * number of failed attempts.
   */
  judge(request: RunningRequest, answer: Answer, attempts: number): Verdict {
    const { time, slots } = this.parts;
    const { lane } = request;
    const endTime = time.now();
    const wasFast = this.#slow.ended(request, endTime);
    const verdict = this.verdict(request, answer, attempts, endTime);
    lane.hasEndedAttempt = true;
    lane.shortages = 0;
    slots.setReputation(lane, wasFast ? (verdict.outcome.success ? "proven" : "failing") : "slow");
    return verdict;
  }

  /** Must be called when a request has ended, unless `judge` is called. */
  ended(request: RunningRequest): void {
    this.#slow.ended(request, this.parts.time.now());
  }

  /** Decides what a result means for a delivery. */
  verdict(
    { lane, entry, startTime }: Pick<RunningRequest, "lane" | "entry" | "startTime">,
    answer: Answer,
    attempts: number,
    endTime: number,
  ): Verdict {
    const { clock, time, random, policy, isClockDoubted } = this.parts;
    const endedAt = clock.now();
    const outcome = classify(answer, endedAt);
    // If the endpoint has been changed since the attempt started, this response does not disable
    // it.
    const mayDisable = lane.entry === entry;
    const judged = mayDisable || !outcome.gone ? outcome : { ...outcome, gone: false };
    const retry = { scheduleMs: entry.endpoint.retryScheduleMs ?? policy.retryScheduleMs, jitter: policy.retryJitter };
    const next = answer.kind === "cancelled" ? CANCELLED : decide({ attempts, retry }, judged, random.next());
    const times = { endedAt, endTime, durationMs: endTime - startTime };
    // After a success, the time since which the endpoint has been failing does not matter. A failure
    // of the operator's proxy disables no endpoint.
    const isBlamed = !outcome.success && outcome.reason !== "proxy" && outcome.sparesEndpoint !== true;
    const mayBeTooLong = mayDisable && isBlamed && !isClockDoubted();
    const disableAfterMs = mayBeTooLong ? policy.endpointDisableAfterMs : 0;
    const { positionsAheadMs } = time;
    return { answer, outcome: judged, next, disableAfterMs, ...times, positionsAheadMs };
  }

  /**
   * Stores settlements in one commit. If the store is unavailable, retries until they are stored.
   * Returns null if the process stops first.
   */
  async settle(settlements: readonly Settlement[]): Promise<readonly Settled[] | null> {
    const { queue, clock, isStopping } = this.parts;
    for (;;) {
      try {
        return await queue.settle(settlements);
      } catch (error) {
        if (!(error instanceof StoreUnavailable)) throw error;
        if (isStopping()) return null;
        await new Promise<void>((resolve) => clock.after(STORE_RETRY_MS, resolve));
      }
    }
  }

  /**
   * Stops holding a delivery after its settlement. Returns its next state if it is pending and the
   * lane of this process must read it again, else null.
   */
  letGo(lane: Lane, waiting: Waiting, { change, next }: Settled): PendingState | null {
    const { memory, signals } = this.parts;
    memory.letGo(lane, waiting);
    // The delivery was resent during the attempt. When the lane reached the new position, it
    // skipped the delivery, because the delivery was still held.
    if (lane.takeResent(waiting.delivery.seq)) lane.waitsOnDisk(0);
    if (change === "stale" || next.state !== "pending") return null;
    if (lane.isOwned) return next;
    // The process that now serves the lane does not know the new position of the delivery.
    signals.send({ type: "lane.filled", endpointSeq: lane.endpointSeq, position: next.position });
    return null;
  }

  /**
   * Stops holding a member of a batch after its settlement. If it is still pending, makes its lane
   * read it again.
   */
  releaseMember({ lane, entry }: Pick<RunningRequest, "lane" | "entry">, waiting: Waiting, settled: Settled): void {
    const next = this.letGo(lane, waiting, settled);
    if (next === null) return;
    const mayKeepPosition = lane.isFifo || lane.entry !== entry;
    lane.waitsOnDisk(mayKeepPosition ? Math.min(waiting.delivery.position, next.position) : next.position);
  }

  /** Publishes the facts and signals that follow from a stored settlement. */
  tell(
    { lane, entry }: Pick<RunningRequest, "lane" | "entry">,
    { delivery, content }: { readonly delivery: PendingDelivery; readonly content: MessageContent },
    { attempt }: Settlement,
    settled: Settled,
    span: AttemptSpan | null,
  ): void {
    const { facts, signals, clock } = this.parts;
    const { endpointSeq } = lane;
    const { applicationSeq } = content;
    const finished = finishedFact(delivery, content, entry, attempt, settled, clock.now());
    const trace = span?.trace ?? content.trace;
    const traced = trace == null ? finished : Object.assign(finished, { traceId: traceIdOf(trace) });
    facts.state(traced);
    span?.settled(finished.next);
    if (settled.health !== null) facts.state(healthFact(attempt, applicationSeq, settled.health, traced));
    if (settled.disabled === null) return;
    signals.send({ type: "endpoint.changed", endpointSeq, applicationSeq });
    facts.state({ type: "endpoint.disabled", endpointSeq, applicationSeq, ...settled.disabled, attempt: traced });
  }
}
