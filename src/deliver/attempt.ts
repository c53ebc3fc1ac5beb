import { decide } from "../core/delivery.ts";
import type { Facts } from "../core/fact.ts";
import type { SeqSource } from "../core/id.ts";
import { classify } from "../core/outcome.ts";
import { restAfterShortageMs } from "../core/shortage.ts";
import type { Signals } from "../core/signal.ts";
import { traceIdOf } from "../core/trace.ts";
import type { AttemptSpan, Tracer } from "../core/tracer.ts";
import type { Answer, Clock, Random, Shortage } from "../ports.ts";
import type { EndpointEntry } from "../store/directory.ts";
import type { Queue, Settled, Settlement } from "../store/index.ts";
import { StoreUnavailable } from "../store/index.ts";
import type { PreparedTarget } from "../targets/target.ts";
import { Deadline } from "./deadline.ts";
import type { DeliveryTime } from "./delivery-time.ts";
import type { Lane, Waiting } from "./lane.ts";
import type { Memory } from "./memory.ts";
import type { DeliveryPolicy } from "./policy.ts";
import { finishedFact, healthFact, STORE_RETRY_MS, settlementOf } from "./settle.ts";
import { type SendableContent, shape } from "./shape.ts";
import type { Slot, Slots } from "./slots.ts";
import { ShortageWatch } from "./watches/shortage-watch.ts";
import { SlowWatch } from "./watches/slow-watch.ts";

const CANCELLED = { state: "cancelled" } as const;

/** An attempt that is under way. */
export interface RunningAttempt {
  readonly lane: Lane;
  readonly slot: Slot;
  readonly waiting: Waiting;
  readonly content: SendableContent;
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

/**
 * Makes attempts. An attempt is a pipeline: begin → shape → send → judge → settle → release →
 * publish facts. Failures of an endpoint or the network are values, so no step throws because of
 * them. Only a bug makes an attempt reject, and the delivery then stays pending.
 */
export class AttemptRunner {
  readonly #slow: SlowWatch<RunningAttempt>;
  readonly #deadline: Deadline;
  readonly #shortages: ShortageWatch;

  constructor(private readonly parts: AttemptParts) {
    this.#deadline = new Deadline(parts.clock, parts.facts);
    this.#shortages = new ShortageWatch(parts.clock, parts.facts);
    const { time, slots, onSlow } = parts;
    const shortSince = () => slots.shortSince;
    this.#slow = new SlowWatch<RunningAttempt>(time, shortSince, ({ lane, slot }) => {
      slots.giveBack(slot);
      slots.setReputation(lane, "slow");
      onSlow();
    });
  }

  /** Makes one attempt for a delivery that has just left `lane.ready`. */
  async run(slot: Slot, waiting: Waiting, now: number): Promise<void> {
    try {
      const attempt = this.#begin(slot, waiting, now);
      const message = shape(attempt.content);
      const { tracer } = this.parts;
      const span = tracer === null ? null : tracer.attempt(message, waiting.delivery);
      const answer = await this.#send(attempt, span === null ? message : { ...message, trace: span.trace });
      if (answer === null) return;
      if (answer.kind === "shortage") {
        this.#postpone(attempt, answer);
        return;
      }
      const settlement = this.#judge(attempt, answer);
      span?.responded(settlement.attempt);
      const settled = await this.#settle(settlement);
      if (settled === null) return;
      this.#release(attempt, settled);
      this.#tell(attempt, settlement, settled, span);
    } finally {
      // This has no effect if `#release` has already let go of the delivery.
      this.parts.memory.letGo(slot.lane, waiting);
    }
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
    this.#deadline.cutOff();
    this.#slow.stop();
    this.#shortages.stop();
  }

  #begin(slot: Slot, waiting: Waiting, now: number): RunningAttempt {
    const { facts, clock } = this.parts;
    const { lane } = slot;
    const content = waiting.content as SendableContent;
    const { generation } = lane;
    const { entry, target } = lane;
    const made = { lane, slot, waiting, content, entry: entry!, target: target!, generation };
    const attempt = { ...made, startedAt: clock.now(), startTime: now };
    this.#slow.started(attempt);
    if (facts.wants("attempt.started")) {
      const { seq: deliverySeq, endpointSeq } = waiting.delivery;
      facts.state({ type: "attempt.started", deliverySeq, endpointSeq });
    }
    return attempt;
  }

  /**
   * Sends the message and waits for the response. Returns null if the attempt was aborted because
   * the process is stopping.
   */
  #send({ target, entry }: RunningAttempt, message: SendableContent): Promise<Answer | Shortage | null> {
    return this.#deadline.deliver(target, message, entry.endpoint.timeoutMs ?? this.parts.policy.deliveryTimeoutMs);
  }

  /**
   * Makes the lane rest after an attempt that a shortage of this machine has prevented. The
   * delivery stays pending with unchanged attempts and due time.
   */
  #postpone(attempt: RunningAttempt, shortage: Shortage): void {
    const { time, memory, facts } = this.parts;
    const { lane, waiting } = attempt;
    const { seq: deliverySeq, endpointSeq } = waiting.delivery;
    const now = time.now();
    this.#slow.ended(attempt, now);
    memory.letGo(lane, waiting);
    // The lane is read again from its beginning, so that the postponed delivery stays ahead of
    // later ones.
    if (lane.isOwned) memory.release(lane);
    // Concurrent attempts of the lane fail together and count as one shortage.
    if (lane.restsUntil <= now) lane.restsUntil = now + restAfterShortageMs(lane.shortages++);
    facts.state({ type: "delivery.postponed", deliverySeq, endpointSeq, resource: shortage.resource });
    this.#shortages.postponed(shortage);
  }

  /** Decides what the response means for the delivery, the endpoint and the lane. */
  #judge(attempt: RunningAttempt, answer: Answer): Settlement {
    const { clock, time, random, policy, slots, seqs, isClockDoubted } = this.parts;
    const { lane, waiting, entry } = attempt;
    const endedAt = clock.now();
    const outcome = classify(answer, endedAt);
    const endTime = time.now();
    const wasFast = this.#slow.ended(attempt, endTime);
    lane.hasEndedAttempt = true;
    lane.shortages = 0;
    slots.setReputation(lane, wasFast ? (outcome.success ? "proven" : "failing") : "slow");
    // If the endpoint has been changed since the attempt started, this response does not disable
    // it.
    const mayDisable = lane.entry === entry;
    const judged = mayDisable || !outcome.gone ? outcome : { ...outcome, gone: false };
    const retry = { scheduleMs: entry.endpoint.retryScheduleMs ?? policy.retryScheduleMs, jitter: policy.retryJitter };
    const next =
      answer.kind === "cancelled"
        ? CANCELLED
        : decide({ attempts: waiting.delivery.attempts, retry }, judged, random.next());
    const times = { endedAt, endTime, durationMs: endTime - attempt.startTime };
    // After a success, the time since which the endpoint has been failing does not matter. A failure
    // of the operator's proxy disables no endpoint.
    const mayBeTooLong = mayDisable && !outcome.success && outcome.reason !== "proxy" && !isClockDoubted();
    const disableAfterMs = mayBeTooLong ? policy.endpointDisableAfterMs : 0;
    const { positionsAheadMs } = time;
    return settlementOf(attempt, { answer, outcome: judged, next, disableAfterMs, ...times, positionsAheadMs }, seqs);
  }

  /**
   * Stores the settlement. If the store is unavailable, retries until the settlement is stored.
   * Returns null if the process stops first.
   */
  async #settle(settlement: Settlement): Promise<Settled | null> {
    const { queue, clock, isStopping } = this.parts;
    for (;;) {
      try {
        const [settled] = await queue.settle([settlement]);
        return settled!;
      } catch (error) {
        if (!(error instanceof StoreUnavailable)) throw error;
        if (isStopping()) return null;
        await new Promise<void>((resolve) => clock.after(STORE_RETRY_MS, resolve));
      }
    }
  }

  /**
   * Stops holding the delivery. If the delivery is still pending, makes its lane read the delivery
   * again.
   */
  #release({ lane, waiting, entry, generation }: RunningAttempt, { change, next }: Settled): void {
    const { memory, signals } = this.parts;
    const { delivery } = waiting;
    memory.letGo(lane, waiting);
    // The delivery was resent during the attempt. When the lane reached the new position, it
    // skipped the delivery, because the delivery was still held.
    if (lane.takeResent(delivery.seq)) lane.waitsOnDisk(0);
    if (change === "stale" || next.state !== "pending") return;
    if (!lane.isOwned) {
      // The process that now serves the lane does not know the new position of the delivery.
      signals.send({ type: "lane.filled", endpointSeq: lane.endpointSeq, position: next.position });
    } else if (lane.entry !== entry) {
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
      memory.putBack(lane, { ...delivery, attempts: next.attempts, dueAt: next.dueAt });
    }
  }

  #tell(
    { lane, waiting, content, entry }: RunningAttempt,
    { attempt }: Settlement,
    settled: Settled,
    span: AttemptSpan | null,
  ): void {
    const { facts, signals, clock } = this.parts;
    const { endpointSeq } = lane;
    const { applicationSeq } = content;
    const finished = finishedFact(waiting.delivery, content, entry, attempt, settled, clock.now());
    const trace = span?.trace ?? content.trace;
    const traced = trace == null ? finished : { ...finished, traceId: traceIdOf(trace) };
    facts.state(traced);
    span?.settled(finished.next);
    if (settled.health !== null) facts.state(healthFact(attempt, applicationSeq, settled.health, traced));
    if (settled.disabled === null) return;
    signals.send({ type: "endpoint.changed", endpointSeq, applicationSeq });
    facts.state({ type: "endpoint.disabled", endpointSeq, applicationSeq, ...settled.disabled, attempt: traced });
  }
}
