import type { Facts } from "../core/fact.ts";
import type { IdCodec, Seq, SeqSource } from "../core/id.ts";
import { OneLife } from "../core/service.ts";
import type { Signals } from "../core/signal.ts";
import type { Tracer } from "../core/tracer.ts";
import type { Random } from "../ports.ts";
import type { SocketConsumers } from "../sockets/socket-consumers.ts";
import type { Directory, EndpointEntry } from "../store/directory.ts";
import type { MessageContent, PendingDelivery, Store, Task } from "../store/index.ts";
import { Turns } from "../store/turns.ts";
import { Targets } from "../targets/index.ts";
import { payloadLinks } from "../targets/payload-links.ts";
import type { TargetPorts } from "../targets/target.ts";
import { type TargetWarning, warningsOf } from "../targets/warnings.ts";
import { AttemptRunner } from "./attempt.ts";
import { AttemptSteps } from "./attempt-steps.ts";
import { BatchPreparer } from "./batch-preparer.ts";
import { BatchReader } from "./batch-reader.ts";
import { BatchRunner } from "./batch-runner.ts";
import type { Deliverer } from "./deliverer.ts";
import { DeliveryTime } from "./delivery-time.ts";
import { FanOut, LANES_AT_ONCE } from "./fan-out.ts";
import { ForeignLanes } from "./foreign-lanes.ts";
import { Gate } from "./gate.ts";
import type { Lane } from "./lane.ts";
import { LaneOwnership } from "./lane-ownership.ts";
import { LaneReader } from "./lane-reader.ts";
import { LaneRefresher } from "./lane-refresher.ts";
import { Lanes, type OldestDue } from "./lanes.ts";
import { Memory } from "./memory.ts";
import { NextRead } from "./next-read.ts";
import { OffsetKeeper } from "./offset-keeper.ts";
import type { DeliveryPolicy } from "./policy.ts";
import { Scheduler } from "./scheduler.ts";
import { Slots } from "./slots.ts";
import { taskKinds } from "./tasks/index.ts";
import { TaskRunner } from "./tasks/task-runner.ts";

/**
 * Maximum number of deliveries that a lane holds if messages arrive faster than they are delivered.
 */
const READY_MAX = 256;
/** How long a stop waits for aborted attempts, in ms. */
const CUT_OFF_MS = 1000;

export interface EnginePorts extends TargetPorts {
  readonly random: Random;
  /** Null or absent unless traces are exported. */
  readonly tracer?: Tracer | null;
}

export interface EngineParts {
  readonly store: Store;
  /** The consumers of `websocket:` endpoints. */
  readonly socketConsumers: SocketConsumers;
  readonly directory: Directory;
  readonly ids: IdCodec;
  readonly seqs: SeqSource;
  readonly facts: Facts;
  readonly signals: Signals;
  readonly policy: DeliveryPolicy;
  /** Returns the URL under which the server can be reached, without a slash at the end. */
  readonly publicUrl: () => string;
  /** Returns whether the clock must not be used to decide how long an endpoint has been failing. */
  readonly isClockDoubted: () => boolean;
}

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
    this.#fanOut = new FanOut({
      ...{ turns: new Turns(clock), scheduler: this.#scheduler, ownership: this.#ownership },
      laneFor: (endpointSeq, position) => this.#laneFor(endpointSeq, position),
    });
    const serves = (endpointSeq: Seq) => this.#ownership.serves(endpointSeq);
    this.#foreignLanes = new ForeignLanes({ clock, queue, directory, gate: this.#gate, serves });
    const kinds = taskKinds(clock, this.#time, { ...parts, gate: this.#gate });
    this.#tasks = new TaskRunner(clock, store, facts, kinds, policy);
    this.#time.onClockSet = () => this.#scheduler.clockWasSet();
    this.#time.onOffsetsChanged = () => this.#offsets.keep();
    this.#refresher = new LaneRefresher(
      {
        ...{ lanes: this.#lanes, memory: this.#memory, scheduler: this.#scheduler },
        ...{ ownership: this.#ownership, fanOut: this.#fanOut, socketConsumers },
      },
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

  enqueue(message: MessageContent, deliveries: ReadonlyArray<{ readonly seq: Seq; readonly endpointSeq: Seq }>): void {
    if (deliveries.length > LANES_AT_ONCE) {
      this.#fanOut.enqueue(deliveries);
      return;
    }
    for (const { seq, endpointSeq } of deliveries) {
      const lane = this.#laneFor(endpointSeq, seq);
      if (lane === null) continue;
      // A read may have returned the delivery before its commit was reported. In that case the
      // delivery is not added again.
      const isNext = seq > lane.cursor.position && seq < lane.diskNext;
      if (isNext && this.#hasRoom(lane)) this.#append(lane, message, seq);
      else if (lane.gathering === null) lane.waitsOnDisk(seq);
      else lane.gathering.add(message.payload?.byteLength ?? 0, this.#time.now());
      this.#scheduler.update(lane);
    }
    this.#scheduler.dispatch();
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

  /**
   * Returns an endpoint's lane if this process serves it. Otherwise informs the process that does.
   */
  #laneFor(endpointSeq: Seq, position: Seq): Lane | null {
    const lane = this.#ownership.laneOf(endpointSeq);
    if (lane === null) this.parts.signals.send({ type: "lane.filled", endpointSeq, position });
    return lane;
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

  /**
   * Time, by the wall clock, at which the oldest due delivery that has not been started became due.
   * Null if nothing is due.
   */
  oldestDueAt(): number | null {
    return this.#lanes.oldestDueAt(this.#time);
  }

  /**
   * Returns the oldest due delivery of each environment. Considers only endpoints for which
   * `isCounted` returns true.
   */
  oldestDue(isCounted: (endpoint: EndpointEntry["endpoint"]) => boolean): Map<Seq, OldestDue> {
    return this.#lanes.oldestDue(this.#time, isCounted);
  }

  /**
   * Returns what `oldestDue` returns, for the lanes of all processes. Leaves out deliveries of other processes'
   * lanes that have not waited for longer than `ageMs`.
   */
  async oldestDueAnywhere(ageMs: number, isCounted: (endpoint: EndpointEntry["endpoint"]) => boolean) {
    const oldest = this.oldestDue(isCounted);
    if (!this.parts.store.feed.isShared()) return oldest;
    for (const [environmentSeq, due] of await this.#foreignLanes.oldestDue(ageMs, isCounted)) {
      const known = oldest.get(environmentSeq);
      if (known === undefined || due.dueAt < known.dueAt) oldest.set(environmentSeq, due);
    }
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

  #hasRoom(lane: Lane): boolean {
    if (lane.isReading || lane.ready.length >= READY_MAX) return false;
    // A message of another process may come before this one, and is visible only later.
    if (this.parts.store.feed.isShared() && lane.mayBeFifo) return false;
    const endpoint = lane.entry?.endpoint;
    if (endpoint !== undefined && (endpoint.batch !== null || this.#gate.isClosedFor(endpoint))) return false;
    return this.#memory.roomForDeliveries > 0;
  }

  /** Adds a delivery that was just committed and is due immediately. */
  #append(lane: Lane, message: MessageContent, seq: Seq): void {
    const delivery: PendingDelivery = {
      seq,
      messageSeq: message.seq,
      endpointSeq: lane.endpointSeq,
      position: seq,
      dueAt: message.acceptedAt,
      attempts: 0,
      round: 0,
      trigger: "schedule",
      batchSeq: null,
    };
    this.#memory.append(lane, delivery, message);
  }
}
