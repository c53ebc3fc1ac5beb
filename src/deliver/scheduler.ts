import type { Facts } from "../core/facts.ts";
import type { SeqSource } from "../core/id.ts";
import type { Clock } from "../ports.ts";
import type { SocketConsumers } from "../sockets/socket-consumers.ts";
import type { EndpointEntry } from "../store/directory.ts";
import { StoreUnavailable } from "../store/index.ts";
import { Alarms } from "./alarms.ts";
import type { AttemptRunner } from "./attempt.ts";
import type { AttemptSteps } from "./attempt-steps.ts";
import type { BatchRunner } from "./batch-runner.ts";
import type { DeliveryTime } from "./delivery-time.ts";
import { Drain } from "./drain.ts";
import type { Gate } from "./gate.ts";
import type { Lane, LaneState } from "./lane.ts";
import { NOTHING } from "./lane-position.ts";
import { type LaneRules, laneRules, nextWorkAt, stateOf } from "./lane-state.ts";
import type { Lanes } from "./lanes.ts";
import type { Memory } from "./memory.ts";
import type { NextRead } from "./next-read.ts";
import { STORE_RETRY_MS } from "./settle.ts";
import type { Slots } from "./slots.ts";
import { Throttle } from "./throttle.ts";
import type { Waiting } from "./waiting.ts";

/** How long a lane rests after a bug has interrupted it, in ms. */
const DEFECT_REST_MS = 5000;

export interface SchedulerParts {
  readonly clock: Clock;
  readonly time: DeliveryTime;
  readonly facts: Facts;
  readonly seqs: SeqSource;
  readonly lanes: Lanes;
  readonly slots: Slots;
  readonly memory: Memory;
  readonly nextRead: NextRead;
  readonly steps: AttemptSteps;
  readonly attempts: AttemptRunner;
  readonly batches: BatchRunner;
  readonly endpointConcurrency: number;
  readonly gate: Gate;
  readonly socketConsumers: Pick<SocketConsumers, "isBusy">;
}

/**
 * Runs the lanes: gives slots to ready lanes and wakes parked lanes. If a lane fails with an error,
 * its slot is released and the lane is served again a little later.
 */
export class Scheduler {
  readonly #alarms: Alarms;
  readonly #throttle = new Throttle();
  readonly #rules: LaneRules;
  readonly #drain: Drain;
  #isDispatching = false;
  #isStopped = false;

  constructor(private readonly parts: SchedulerParts) {
    this.#drain = new Drain(parts.slots, parts.clock);
    this.#rules = laneRules(parts);
    this.#alarms = new Alarms({
      time: parts.time,
      lanes: parts.lanes,
      onAlarm: (lane) => {
        this.update(lane);
        this.dispatch();
      },
    });
  }

  /** Starts no more attempts. */
  stop(): void {
    this.#isStopped = true;
    this.#alarms.stop();
  }

  /**
   * Waits up to `timeoutMs` for the attempts and reads under way. Returns whether all have ended.
   */
  drain(timeoutMs: number): Promise<boolean> {
    return this.#drain.wait(timeoutMs);
  }

  /**
   * Updates the state of a lane. Must be called whenever the values that the state depends on have
   * changed.
   */
  update(lane: Lane): void {
    // The state of a ready lane is computed again when the lane gets a slot.
    if (lane.state === "ready" || this.#isStopped) return;
    try {
      this.#decide(lane, this.parts.time.now());
    } catch (error) {
      this.#rest(lane, error);
    }
  }

  /**
   * Stops serving a lane that another process serves now. Attempts under way finish and are
   * settled.
   */
  giveUp(lane: Lane): void {
    lane.isOwned = false;
    this.parts.memory.release(lane);
    this.#alarms.cancel(lane);
    this.#decide(lane, this.parts.time.now());
  }

  /**
   * Serves ready lanes as long as slots are free for them. `first` is the lane whose slot has just
   * been released; it is served before the others.
   */
  dispatch(first: Lane | null = null): void {
    // Serving reads the clock, sends signals and publishes facts. Each of these may call `dispatch`
    // again.
    if (this.#isDispatching || this.#isStopped) return;
    this.#isDispatching = true;
    try {
      const { slots, steps } = this.parts;
      for (let lane = first ?? slots.next(); lane !== null; lane = slots.next()) this.#serve(lane);
      if (slots.shortSince !== null) steps.slotsAreShort();
    } finally {
      this.#isDispatching = false;
    }
  }

  #decide(lane: Lane, now: number): void {
    this.#enter(lane, stateOf(lane, now, this.#rules), now);
  }

  #enter(lane: Lane, state: LaneState, now: number): void {
    lane.state = state;
    if (state === "ready") {
      lane.readySince = now;
      this.parts.slots.queue(lane);
    } else if (state === "parked") this.#alarms.set(lane, nextWorkAt(lane, this.#rules), now);
    else if (state === "idle" || state === "foreign") this.parts.lanes.forgetIfUnused(lane);
    // In any other state, the lane waits for the end of a read or an attempt, or for a signal. That
    // event updates the lane.
  }

  /** Serves a lane: starts one attempt, or does the work that must precede it. */
  #serve(lane: Lane): void {
    try {
      const now = this.parts.time.now();
      const state = stateOf(lane, now, this.#rules);
      if (state === "ready") this.#run(lane, now);
      else this.#enter(lane, state, now);
    } catch (error) {
      this.#rest(lane, error);
    }
  }

  #run(lane: Lane, now: number): void {
    const { nextRead } = this.parts;
    const { entry } = lane;
    const catchingUp = nextRead.catchUp(now);
    if (catchingUp !== null) {
      void this.#read(lane, () => catchingUp);
    } else if (entry === null || nextRead.isExpired(entry)) {
      this.#prepare(lane, now);
    } else {
      const read = nextRead.of(lane, entry);
      if (read !== null) void this.#read(lane, read);
      else this.#start(lane, lane.ready[0]!, entry, now);
    }
  }

  #prepare(lane: Lane, now: number): void {
    const reading = this.parts.nextRead.endpoint(lane);
    if (reading === null) this.#decide(lane, now);
    else void this.#read(lane, () => reading);
  }

  /** Starts an attempt for the first delivery or batch, unless a rate limit is reached. */
  #start(lane: Lane, head: Waiting, { endpoint }: EndpointEntry, now: number): void {
    const waitMs = this.#throttle.takeFor(endpoint, now);
    if (waitMs > 0) {
      lane.restsUntil = now + waitMs;
      // A prepared batch may be large. It is prepared again if there is no room for it.
      if (head.batch !== null && this.parts.memory.roomForPayloadBytes <= 0) this.parts.memory.release(lane);
    } else {
      lane.ready.shift();
      void this.#attempt(lane, head, now);
    }
    this.#decide(lane, now);
  }

  async #attempt(lane: Lane, head: Waiting, now: number): Promise<void> {
    const { slots, attempts, batches } = this.parts;
    const slot = slots.take(lane);
    try {
      await (head.batch === null ? attempts : batches).run(slot, head, now);
    } catch (error) {
      this.#interrupt(lane, error);
    }
    slots.release(slot);
    this.update(lane);
    this.dispatch();
    this.#drain.check();
  }

  /**
   * Reads data for a lane, then continues to serve it. The lane holds its slot during the read, so
   * that no more lanes read ahead than there are slots for sending their deliveries.
   */
  async #read(lane: Lane, work: () => Promise<void>): Promise<void> {
    const { slots } = this.parts;
    lane.isReading = true;
    lane.state = "reading";
    const slot = slots.take(lane);
    try {
      await work();
    } catch (error) {
      this.#interrupt(lane, error);
    }
    lane.isReading = false;
    slots.release(slot);
    this.dispatch(lane);
    this.#drain.check();
  }

  /**
   * Makes a lane rest after an error. The interrupted delivery is still pending on disk. The
   * deliveries behind it are dropped from memory and read again, so that they do not overtake it.
   */
  #interrupt(lane: Lane, error: unknown): void {
    const isExpected = error instanceof StoreUnavailable;
    lane.restsUntil = this.parts.time.now() + (isExpected ? STORE_RETRY_MS : DEFECT_REST_MS);
    if (lane.isOwned) this.parts.memory.release(lane);
    if (!isExpected) this.parts.facts.state({ type: "defect.found", where: "lane", error });
  }

  /** Makes a lane rest after a bug that occurred while the lane was served or updated. */
  #rest(lane: Lane, error: unknown): void {
    this.#interrupt(lane, error);
    lane.state = "parked";
    this.#alarms.set(lane, lane.restsUntil, this.parts.time.now());
  }

  /** Must be called when the wall clock has been set, because scheduled messages may be due. */
  clockWasSet(): void {
    for (const lane of this.parts.lanes) {
      const waitsForTime = lane.laterAt !== NOTHING || lane.gathering !== null;
      // A read computes when a lane continues, and may have done so before the clock was set.
      if (waitsForTime || lane.isReading) lane.rereadNotDue();
    }
    this.#alarms.setAgain();
  }
}
