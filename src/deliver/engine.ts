import type { Seq } from "../core/id.ts";
import { OneLife } from "../core/service.ts";
import type { MessageContent, Task } from "../store/index.ts";
import { Turns } from "../store/turns.ts";
import { Targets } from "../targets/index.ts";
import { payloadLinks } from "../targets/payload-links.ts";
import { type TargetWarning, warningsOf } from "../targets/warnings.ts";
import { AttemptRunner } from "./attempt.ts";
import { AttemptSteps } from "./attempt-steps.ts";
import { BatchPreparer } from "./batch-preparer.ts";
import { BatchReader } from "./batch-reader.ts";
import { BatchRunner } from "./batch-runner.ts";
import type { Deliverer, NewDelivery } from "./deliverer.ts";
import { DeliveryTime } from "./delivery-time.ts";
import type { EngineParts, EnginePorts } from "./engine-parts.ts";
import { FanOut } from "./fan-out.ts";
import { ForeignLanes } from "./foreign-lanes.ts";
import { Gate } from "./gate.ts";
import { LaneOwnership } from "./lane-ownership.ts";
import { LaneReader } from "./lane-reader.ts";
import { LaneRefresher } from "./lane-refresher.ts";
import { type IsCounted, Lanes, type OldestDue } from "./lanes.ts";
import { Memory } from "./memory.ts";
import { NewDeliveries } from "./new-deliveries.ts";
import { NextRead } from "./next-read.ts";
import { OffsetKeeper } from "./offset-keeper.ts";
import { Scheduler } from "./scheduler.ts";
import { Slots } from "./slots.ts";
import { taskKinds } from "./tasks/index.ts";
import { TaskRunner } from "./tasks/task-runner.ts";

/** How long a stop waits for aborted attempts, in ms. */
const CUT_OFF_MS = 1000;

/**
 * Delivers the pending deliveries in the lanes that this process has claimed. The store is the
 * source of truth; the engine's memory contains only deliveries that were read ahead. After a crash
 * the engine reads the pending deliveries again; nothing else has to be recovered.
 */
export class Engine extends OneLife implements Deliverer {
  readonly #gate: Gate;
  readonly #lanes: Lanes;
  readonly #memory = new Memory();
  readonly #slots: Slots;
  readonly #steps: AttemptSteps;
  readonly #scheduler: Scheduler;
  readonly #ownership: LaneOwnership;
  readonly #tasks: TaskRunner;
  readonly #fanOut: FanOut;
  readonly #newDeliveries: NewDeliveries;
  readonly #refresher: LaneRefresher;
  readonly #foreignLanes: ForeignLanes;
  readonly #time: DeliveryTime;
  readonly #offsets: OffsetKeeper;

  constructor(
    private readonly ports: EnginePorts,
    private readonly parts: EngineParts,
  ) {
    super();
    const { clock } = ports;
    const { store, socketConsumers, facts, signals, policy, directory, seqs, ids, isClockDoubted } = parts;
    const { queue } = store;
    const isStopping = () => this.isStopping;
    const onChanged = (environmentSeq: Seq | null) => this.#refresher.gateChanged(environmentSeq);
    this.#gate = new Gate({ clock, store, facts, signals, isStopping, onChanged });
    this.#lanes = new Lanes(this.#gate);
    this.#time = new DeliveryTime(clock);
    this.#offsets = new OffsetKeeper(clock, this.#time, store);
    const shared = { clock, time: this.#time, queue, seqs, facts, memory: this.#memory, isStopping };
    this.#slots = new Slots(policy.deliveryConcurrency);
    this.#steps = new AttemptSteps({
      ...shared,
      ...{ random: ports.random, tracer: ports.tracer ?? null, signals, policy, isClockDoubted, slots: this.#slots },
      onSlow: () => this.#scheduler.dispatch(),
    });
    const links = payloadLinks(() => store.payloadLinkKey, seqs, parts.publicUrl);
    const targets = new Targets({ ports, policy, ids, links, socketConsumers });
    const reading = { ...shared, directory, targets, payloadBytesMax: policy.maxBodyBytes };
    const nextRead = new NextRead({
      ...{ clock, time: this.#time, feed: store.feed, reader: new LaneReader(reading) },
      ...{ batchReader: new BatchReader(reading), preparer: new BatchPreparer(this.#steps, ids) },
    });
    this.#scheduler = new Scheduler({
      ...{ ...shared, lanes: this.#lanes, slots: this.#slots, steps: this.#steps },
      ...{ nextRead, attempts: new AttemptRunner(this.#steps), batches: new BatchRunner(this.#steps) },
      endpointConcurrency: policy.endpointConcurrency,
      ...{ gate: this.#gate, socketConsumers },
    });
    this.#ownership = new LaneOwnership({
      ...{ clock, facts, queue, lanes: this.#lanes, scheduler: this.#scheduler },
      preferred: () => socketConsumers.endpointSeqs,
      onChanged: () => this.#tasks.lease(),
    });
    const serving = { scheduler: this.#scheduler, ownership: this.#ownership };
    this.#fanOut = new FanOut({ ...serving, turns: new Turns(clock) });
    this.#newDeliveries = new NewDeliveries({
      ...{ ...serving, gate: this.#gate, memory: this.#memory, time: this.#time },
      ...{ feed: store.feed, fanOut: this.#fanOut, signals },
    });
    const serves = (endpointSeq: Seq) => this.#ownership.serves(endpointSeq);
    this.#foreignLanes = new ForeignLanes({ clock, queue, directory, gate: this.#gate, serves });
    const kinds = taskKinds(clock, this.#time, { ...parts, gate: this.#gate });
    this.#tasks = new TaskRunner(clock, store, facts, kinds, policy);
    this.#time.onClockSet = () => this.#scheduler.clockWasSet();
    this.#time.onOffsetsChanged = () => this.#offsets.keep();
    this.#refresher = new LaneRefresher(
      { ...serving, lanes: this.#lanes, memory: this.#memory, fanOut: this.#fanOut, socketConsumers },
      signals,
    );
  }

  /**
   * Starts delivering. Due deliveries are sent immediately. Reads which lanes have pending
   * deliveries, but not the deliveries themselves.
   */
  protected async begin(): Promise<void> {
    await this.#offsets.resume(this.parts.seqs);
    await this.#gate.load();
    // Some tasks close endpoints, so they continue before the lanes are served.
    await this.#tasks.lease();
    await this.#ownership.acquire();
  }

  /**
   * Waits up to `shutdownTimeoutMs` for attempts under way, then aborts those that remain.
   * Deliveries of aborted attempts stay pending.
   */
  protected async end(): Promise<void> {
    this.#scheduler.stop();
    if (this.#slots.underWay > 0) this.#ownership.leave();
    const tasksStopped = this.#tasks.stop();
    await this.#scheduler.drain(this.parts.policy.shutdownTimeoutMs);
    this.#steps.cutOff();
    const isDrained = await this.#scheduler.drain(CUT_OFF_MS);
    await tasksStopped;
    // If attempts are still under way, the lanes are not released; instead, the claim expires.
    if (isDrained) await this.#ownership.release();
  }

  prepareLanes(endpointSeqs: readonly Seq[]): Promise<void> {
    return this.#fanOut.prepareLanes(endpointSeqs);
  }

  enqueue(message: MessageContent, deliveries: readonly NewDelivery[]): void {
    this.#newDeliveries.add(message, deliveries);
  }

  servesLane(endpointSeq: Seq): boolean {
    return this.#ownership.serves(endpointSeq);
  }

  warningsOf(url: string, signal: AbortSignal): Promise<readonly TargetWarning[]> {
    return warningsOf(url, { ports: this.ports, policy: this.parts.policy }, signal);
  }

  inboxUrl(url: URL): URL | null {
    return this.parts.policy.inbox(url);
  }

  admitTask(task: Task): boolean {
    return this.#tasks.admit(task);
  }

  startTask(task: Task): void {
    this.#tasks.run(task);
  }

  cancelTask(taskSeq: Seq): void {
    this.#tasks.cancel(taskSeq);
  }

  isTaskWaiting(taskSeq: Seq): boolean {
    return this.#tasks.isWaiting(taskSeq);
  }

  holdApplication(applicationSeq: Seq): () => void {
    const release = this.#gate.holdApplication(applicationSeq);
    this.#refresher.gateChangedFor(applicationSeq);
    return () => {
      release();
      this.#refresher.gateChangedFor(applicationSeq);
    };
  }

  attemptsOf(applicationSeq: Seq): number {
    return this.#lanes.attemptsUnderWay(applicationSeq);
  }

  /** Number of attempts under way, including the reads that precede an attempt. */
  get attemptsUnderWay(): number {
    return this.#slots.underWay;
  }

  /** Number of lanes in memory. */
  get lanesInMemory(): number {
    return this.#lanes.size;
  }

  /** Returns the number of lanes in memory in each state. */
  laneCounts(): ReturnType<Lanes["countByState"]> {
    return this.#lanes.countByState();
  }

  /** Number of deliveries in memory, with those under way. */
  get deliveriesInMemory(): number {
    return this.#memory.deliveries;
  }

  /** Returns the number of background tasks of this process that have not ended. */
  taskCounts(): ReturnType<TaskRunner["counts"]> {
    return this.#tasks.counts();
  }

  /** Returns the wall-clock time at which the oldest delivery that waits became due, or null. */
  oldestDueAt(): number | null {
    return this.#lanes.oldestDueAt(this.#time);
  }

  /**
   * Returns the oldest due delivery of each environment. Considers only endpoints for which
   * `isCounted` returns true.
   */
  oldestDue(isCounted: IsCounted): Map<Seq, OldestDue> {
    return this.#lanes.oldestDue(this.#time, isCounted);
  }

  /**
   * Returns what `oldestDue` returns, for the lanes of all processes. In the lanes of others, only
   * deliveries that have waited for longer than `ageMs` count.
   */
  async oldestDueAnywhere(ageMs: number, isCounted: IsCounted) {
    const oldest = this.oldestDue(isCounted);
    if (this.parts.store.feed.isShared()) await this.#foreignLanes.addOldestDue(oldest, ageMs, isCounted);
    return oldest;
  }

  get isHeld(): boolean {
    return this.#gate.isHeld;
  }

  /** Number of paused environments. */
  get environmentsPaused(): number {
    return this.#gate.environmentsPaused;
  }

  get retriesAheadMs(): number {
    return this.#time.aheadMs;
  }
}
