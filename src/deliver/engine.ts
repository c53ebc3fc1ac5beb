import { decide } from "../core/delivery.ts";
import type { Facts } from "../core/fact.ts";
import { type IdCodec, type Seq, type SeqSource, seqAt, timeOfSeq } from "../core/id.ts";
import { classify } from "../core/outcome.ts";
import { OneLife } from "../core/service.ts";
import type { Signals } from "../core/signal.ts";
import type { Random } from "../ports.ts";
import type { Directory, EndpointEntry } from "../store/directory.ts";
import {
  type MessageContent,
  type PendingLane,
  type Settled,
  type Settlement,
  type Store,
  StoreUnavailable,
  type Task,
} from "../store/index.ts";
import { Targets } from "../targets/index.ts";
import type { TargetPorts } from "../targets/target.ts";
import { ClockWatch } from "./clock-watch.ts";
import { Deadline } from "./deadline.ts";
import type { Deliverer } from "./deliverer.ts";
import { Lane, NOTHING, notBefore, type Waiting } from "./lane.ts";
import type { DeliveryPolicy } from "./policy.ts";
import { finishedFact, type Sent, STORE_RETRY_MS, settle, settlementOf } from "./settle.ts";
import { Slots } from "./slots.ts";
import { SlowWatch } from "./slow-watch.ts";
import { Purge } from "./tasks/purge.ts";
import { Redrive } from "./tasks/redrive.ts";
import { replayKinds } from "./tasks/replay.ts";
import { TaskRunner } from "./tasks/task-runner.ts";
import { usageKinds } from "./tasks/usage.ts";
import { Throttle } from "./throttle.ts";

/** What a lane reads at a time, and how far it may grow in memory when messages come faster than they leave. */
const PAGE = 64;
const READY_MAX = 256;
/** Deliveries in memory over all lanes, and the bytes of payloads kept with them. Beyond it they stay on disk until their turn. */
const CLAIMED_MAX = 20_000;
const CONTENT_BYTES_MAX = 32 * 1024 * 1024;
/** Lanes remembered, with how their endpoints answered, although they have nothing to send. */
const LANES_MAX = 20_000;
/** Of so many waiting deliveries of a lane the content is read at a time. */
const CONTENTS_AHEAD = 16;
const RECOVERY_PAGE = 1000;
const BURY_PAGE = 1000;
/** How long a lane rests that met a mistake in the program. */
const DEFECT_REST_MS = 5000;

/** The delivery of an environment that fell due first and has not been started. */
export interface OldestDue {
  readonly dueAt: number;
  readonly endpoint: EndpointEntry["endpoint"];
}

export interface EnginePorts extends TargetPorts {
  readonly random: Random;
}

/** A message whose payload is there. */
type SendableContent = MessageContent & { readonly payload: Uint8Array };

export interface EngineParts {
  readonly store: Store;
  readonly directory: Directory;
  readonly ids: IdCodec;
  readonly seqs: SeqSource;
  readonly facts: Facts;
  readonly signals: Signals;
  readonly policy: DeliveryPolicy;
}

/**
 * Delivers what is pending. One process owns the data, so a claim lives in memory: what is pending in the store and not in a
 * lane is unclaimed, and after a crash there is nothing to rescue but to read what is pending.
 */
export class Engine extends OneLife implements Deliverer {
  readonly #lanes = new Map<Seq, Lane>();
  readonly #slots: Slots;
  readonly #slow: SlowWatch;
  readonly #throttle = new Throttle();
  readonly #watch: ClockWatch;
  readonly #tasks: TaskRunner;
  readonly #targets: Targets;
  readonly #deadline: Deadline;
  #contentBytes = 0;
  #claimed = 0;
  #dispatching = false;
  #onDrained: (() => void) | null = null;

  constructor(
    private readonly ports: EnginePorts,
    private readonly parts: EngineParts,
  ) {
    super();
    this.#slots = new Slots(parts.policy.deliveryConcurrency);
    this.#targets = new Targets({ ports, policy: parts.policy, ids: parts.ids });
    this.#deadline = new Deadline(ports.clock, parts.facts);
    const onStep = () => this.#reconsider();
    this.#watch = new ClockWatch(ports.clock, onStep, () => this.#setTimersAnew());
    this.#slow = new SlowWatch(ports.clock, (lane) => {
      this.#slots.restand(lane, "troubled");
      this.#dispatch();
    });
    this.#tasks = new TaskRunner(ports.clock, parts.store, parts.facts, [
      new Redrive(ports.clock, parts),
      ...replayKinds(ports.clock, parts),
      new Purge(ports.clock, parts),
      ...usageKinds(ports.clock, parts),
    ]);
    this.#listenTo(parts.signals);
  }

  /** Takes up what is pending since the last time: due deliveries go out at once. Only the lanes are read, not what waits in them. */
  protected async begin(): Promise<void> {
    await this.#findLanes();
    for (const task of await this.parts.store.housekeeping.tasks.lease()) this.startTask(task);
  }

  /** Wakes every lane with a pending delivery. */
  async #findLanes(): Promise<void> {
    const { queue } = this.parts.store;
    const claim = await queue.claim();
    for (let after: Seq | null = 0; after !== null && !this.isStopping; ) {
      const lanes: readonly PendingLane[] = await queue.pendingLanes(claim, after, RECOVERY_PAGE);
      for (const { endpointSeq, position } of lanes) this.#wake(endpointSeq, position);
      after = lanes.length < RECOVERY_PAGE ? null : lanes.at(-1)!.endpointSeq;
    }
  }

  /** Other processes may have changed anything: all lanes are read again, and those that are not known here are found. */
  #storeChanged(): void {
    for (const { endpointSeq } of this.#lanes.values()) this.#reread(endpointSeq, true);
    this.#findLanes().catch((error) => {
      if (!(error instanceof StoreUnavailable)) this.parts.facts.state({ type: "defect.found", where: "lanes", error });
      if (!this.isStopping) this.ports.clock.after(STORE_RETRY_MS, () => this.#storeChanged());
    });
  }

  /** Waits for what is under way, at most `shutdownTimeoutMs`; what is cut off then stays pending. */
  protected async end(): Promise<void> {
    this.#tasks.stop();
    this.#watch.stop();
    for (const lane of this.#lanes.values()) lane.cancelTimer?.();
    if (this.#slots.active > 0) {
      await new Promise<void>((resolve) => {
        this.#onDrained = resolve;
        this.ports.clock.after(this.parts.policy.shutdownTimeoutMs, resolve);
      });
    }
    this.#deadline.cutOff();
    this.#slow.stop();
  }

  enqueue(message: MessageContent, deliveries: ReadonlyArray<{ readonly seq: Seq; readonly endpointSeq: Seq }>): void {
    for (const { seq, endpointSeq } of deliveries) {
      const lane = this.#lane(endpointSeq);
      if (!this.#hasRoom(lane) || seq >= lane.diskNext) {
        lane.waitsOnDisk(seq);
      } else {
        this.#claimed++;
        lane.append({
          delivery: {
            seq,
            messageSeq: message.seq,
            endpointSeq,
            position: seq,
            dueAt: message.acceptedAt,
            attempts: 0,
            round: 0,
            trigger: "schedule",
          },
          content: this.#keepContent(message),
        });
      }
      this.#consider(lane);
    }
    this.#dispatch();
  }

  #wake(endpointSeq: Seq, position: Seq): void {
    const lane = this.#lane(endpointSeq);
    lane.waitsOnDisk(position);
    this.#consider(lane);
    this.#dispatch();
  }

  startTask(task: Task): void {
    this.#tasks.run(task);
  }

  /** Attempts under way now. */
  get attemptsUnderWay(): number {
    return this.#slots.active;
  }

  /** When the oldest delivery fell due that has not been started; null when nothing is due. */
  oldestDueAt(): number | null {
    const now = this.ports.clock.now();
    let oldest = Number.POSITIVE_INFINITY;
    for (const lane of this.#lanes.values()) {
      if (!lane.entry?.endpoint.paused) oldest = Math.min(oldest, lane.oldestDueAt);
    }
    return oldest <= now ? oldest : null;
  }

  /**
   * The same for each environment, counting only endpoints that `counts`. A lane that has not had its first turn, or not since its
   * endpoint was changed, belongs to nobody yet.
   */
  oldestDue(counts: (endpoint: EndpointEntry["endpoint"]) => boolean): Map<Seq, OldestDue> {
    const now = this.ports.clock.now();
    const oldest = new Map<Seq, OldestDue>();
    for (const lane of this.#lanes.values()) {
      const dueAt = lane.oldestDueAt;
      if (lane.entry === null || dueAt > now) continue;
      const { endpoint } = lane.entry;
      const before = oldest.get(endpoint.environmentSeq);
      if (endpoint.paused || (before !== undefined && before.dueAt <= dueAt) || !counts(endpoint)) continue;
      oldest.set(endpoint.environmentSeq, { dueAt, endpoint });
    }
    return oldest;
  }

  #listenTo(signals: Signals): void {
    signals.react(["endpoint.changed"], ({ endpointSeq }) => this.#reread(endpointSeq, true));
    signals.react(["application.throttled"], ({ applicationSeq }) => {
      for (const lane of this.#lanes.values()) {
        if (lane.entry?.endpoint.applicationSeq === applicationSeq) this.#reread(lane.endpointSeq, true);
      }
    });
    signals.react(["lane.changed"], ({ endpointSeq }) => this.#reread(endpointSeq, false));
    signals.react(["lane.filled"], ({ endpointSeq, position }) => this.#wake(endpointSeq, position));
    signals.react(["store.changed"], () => this.#storeChanged());
  }

  /** Forgets what a lane has read ahead, and with `entry` also what it knows of its endpoint. */
  #reread(endpointSeq: Seq, entry: boolean): void {
    const lane = this.#lanes.get(endpointSeq);
    if (lane === undefined) return;
    if (entry) lane.entry = null;
    // What it waited for may be the retry of a head that is no longer there.
    lane.parkedUntil = 0;
    this.#release(lane);
    this.#consider(lane);
    this.#dispatch();
  }

  #lane(endpointSeq: Seq): Lane {
    let lane = this.#lanes.get(endpointSeq);
    if (lane === undefined) {
      lane = new Lane(endpointSeq, NOTHING);
      this.#lanes.set(endpointSeq, lane);
    }
    return lane;
  }

  #hasRoom(lane: Lane): boolean {
    return !lane.busy && lane.ready.length < READY_MAX && this.#claimed < CLAIMED_MAX && !lane.entry?.endpoint.paused;
  }

  #keepContent(message: MessageContent): MessageContent | null {
    const bytes = message.payload?.byteLength ?? 0;
    if (this.#contentBytes + bytes > CONTENT_BYTES_MAX) return null;
    this.#contentBytes += bytes;
    return message;
  }

  #unclaim(lane: Lane, waiting: Waiting): void {
    if (!lane.claimed.delete(waiting.delivery.seq)) return;
    this.#claimed--;
    this.#contentBytes -= waiting.content?.payload?.byteLength ?? 0;
  }

  #release(lane: Lane): void {
    for (const waiting of lane.ready) this.#unclaim(lane, waiting);
    lane.release();
  }

  /** Lines a lane up for a slot if it has something to send now, or sets its timer for when it will. */
  #consider(lane: Lane): void {
    if (lane.inLine || lane.busy || this.isStopping) return;
    const entry = lane.entry;
    if (entry !== null && !entry.endpoint.disabled && !entry.endpoint.deleted) {
      if (entry.endpoint.paused || lane.inFlight >= this.#concurrency(lane)) return;
    }
    const now = this.#watch.now();
    const wakeAt = this.#wakeAt(lane);
    if (wakeAt <= now) this.#slots.line(lane);
    else if (wakeAt !== NOTHING) this.#setTimer(lane, wakeAt, now);
    else if (lane.isIdle && this.#lanes.size > LANES_MAX) this.#lanes.delete(lane.endpointSeq);
  }

  /** The instant at which the lane has something to do. */
  #wakeAt(lane: Lane): number {
    return Math.max(lane.parkedUntil, this.#nextDueAt(lane));
  }

  /** The instant at which the lane has something due. */
  #nextDueAt(lane: Lane): number {
    const head = lane.ready[0];
    if (head !== undefined) return lane.isFifo ? notBefore(head.delivery) : 0;
    if (lane.diskNext === NOTHING) return lane.laterAt;
    return lane.diskNext <= this.#lastPlace ? 0 : Math.min(timeOfSeq(lane.diskNext), lane.laterAt);
  }

  /** What has this place or one before it is to be looked at, although the clock may have stepped back behind that. */
  get #lastPlace(): Seq {
    return this.parts.seqs.last + 1;
  }

  /** The clock has stepped: what was worked out from the time before means nothing any more. */
  #reconsider(): void {
    this.#throttle.forgetWaiting();
    for (const lane of this.#lanes.values()) {
      lane.parkedUntil = 0;
      if (lane.laterAt !== NOTHING) lane.readsAgain();
    }
    this.#setTimersAnew();
  }

  /** Whatever waits for an instant asks anew how far that is. */
  #setTimersAnew(): void {
    for (const lane of this.#lanes.values()) {
      lane.cancelTimer?.();
      lane.cancelTimer = null;
      lane.timerAt = NOTHING;
      this.#consider(lane);
    }
    this.#dispatch();
  }

  #setTimer(lane: Lane, at: number, now: number): void {
    if (lane.cancelTimer !== null && lane.timerAt <= at) return;
    lane.cancelTimer?.();
    lane.timerAt = at;
    lane.cancelTimer = this.#watch.after(at - now, () => {
      lane.cancelTimer = null;
      lane.timerAt = NOTHING;
      this.#consider(lane);
      this.#dispatch();
    });
  }

  #concurrency(lane: Lane): number {
    if (!lane.isHeardOf || lane.isFifo) return 1;
    return lane.entry?.endpoint.concurrency ?? this.parts.policy.endpointConcurrency;
  }

  #dispatch(): void {
    // Serving may state facts, and those may come back here.
    if (this.#dispatching || this.isStopping) return;
    this.#dispatching = true;
    try {
      for (let lane = this.#slots.next(); lane !== null; lane = this.#slots.next()) this.#serve(lane);
    } finally {
      this.#dispatching = false;
    }
  }

  /** A lane's turn: starts one attempt, or does what must be done before it can. */
  #serve(lane: Lane): void {
    if (lane.busy) return;
    const { entry } = lane;
    const now = this.#watch.now();
    if (entry === null || entry.validUntil <= now) this.#prepare(lane);
    else if (entry.endpoint.deleted) this.#bury(lane, "cancelled", entry);
    else if (entry.endpoint.disabled) this.#bury(lane, "dead", entry);
    else if (entry.endpoint.paused || lane.inFlight >= this.#concurrency(lane)) return;
    else if (lane.ready.length === 0) this.#load(lane);
    else if (lane.ready[0]!.content === null) this.#fetchContents(lane, entry);
    else this.#startHead(lane, lane.ready[0]!, now);
  }

  #startHead(lane: Lane, head: Waiting, now: number): void {
    // In a parallel lane only what is due comes into memory; that it was, stays true when the clock steps back.
    const earlyMs = lane.isFifo ? Math.max(0, notBefore(head.delivery) - now) : 0;
    const waitMs = earlyMs > 0 ? earlyMs : this.#throttleMs(lane.entry!, now);
    if (waitMs > 0) {
      lane.parkedUntil = now + waitMs;
    } else {
      lane.ready.shift();
      this.#slots.occupy(lane);
      void this.#run(lane, head);
    }
    this.#consider(lane);
  }

  /** How long an attempt must wait for the sake of the rates; 0 when it may go, and has been counted. */
  #throttleMs({ endpoint }: EndpointEntry, now: number): number {
    const { throttleRate, applicationThrottleRate } = endpoint;
    if (throttleRate === null && applicationThrottleRate === null) return 0;
    return this.#throttle.take(
      { seq: endpoint.seq, ratePerSecond: throttleRate },
      { seq: endpoint.applicationSeq, ratePerSecond: applicationThrottleRate },
      now,
    );
  }

  /**
   * Does something with the store on behalf of a lane whose turn it is, then goes on with that turn. The slot is held meanwhile, so
   * no more lanes read ahead than there are slots to send what they read.
   */
  #whileBusy(lane: Lane, work: () => Promise<void>): void {
    lane.busy = true;
    this.#slots.occupy(lane);
    work()
      .catch((error) => this.#rest(lane, error))
      .finally(() => {
        lane.busy = false;
        this.#slots.free(lane);
        if (!this.isStopping && this.#wakeAt(lane) <= this.#watch.now()) this.#serve(lane);
        else this.#consider(lane);
        this.#dispatch();
        if (this.#slots.active === 0) this.#onDrained?.();
      });
  }

  /** Something went wrong on behalf of a lane: what waits in it stays on disk and is looked at again a little later. */
  #rest(lane: Lane, error: unknown): void {
    const isExpected = error instanceof StoreUnavailable;
    if (!isExpected) this.parts.facts.state({ type: "defect.found", where: "lane", error });
    lane.parkedUntil = this.ports.clock.now() + (isExpected ? STORE_RETRY_MS : DEFECT_REST_MS);
    lane.waitsOnDisk(0);
  }

  #prepare(lane: Lane): void {
    const known = this.parts.directory.endpoint(lane.endpointSeq);
    if (!(known instanceof Promise)) {
      this.#know(lane, known);
      this.#consider(lane);
      return;
    }
    this.#whileBusy(lane, async () => {
      const entry = await known;
      if (entry === null) throw new Error(`A delivery waits for endpoint ${lane.endpointSeq}, which does not exist.`);
      this.#know(lane, entry);
    });
  }

  #know(lane: Lane, entry: EndpointEntry): void {
    lane.entry = entry;
    lane.target = this.#targets.prepare(entry.endpoint, entry.keys);
  }

  #load(lane: Lane): void {
    const { store } = this.parts;
    this.#whileBusy(lane, async () => {
      // Everything whose instant has begun, and what was given a place while the clock stood still or stepped back.
      const now = this.#watch.now();
      const upTo = Math.max(this.#lastPlace, seqAt(now + 1) - 1);
      const room = Math.max(1, Math.min(PAGE, CLAIMED_MAX - this.#claimed));
      const limit = room + lane.claimed.size;
      if (lane.laterAt <= now) lane.readsAgain();
      const rows = await store.queue.due(lane.endpointSeq, lane.beginReading(), upTo, limit);
      for (const delivery of rows) {
        if (lane.claimed.has(delivery.seq)) lane.pass(delivery);
        else if (notBefore(delivery) > now && !lane.isFifo) {
          // It was given its place when the clock was ahead of now.
          lane.passOver(delivery, now);
        } else {
          this.#claimed++;
          lane.append({ delivery, content: null });
        }
      }
      // What comes from now on comes after what has been read, also when the clock steps back.
      if (rows.length > 0) this.parts.seqs.reach(rows.at(-1)!.position);
      if (rows.length === limit) lane.readsOn();
      else {
        const beyond = { position: upTo, seq: Number.MAX_SAFE_INTEGER };
        const next = await store.queue.nextPosition(lane.endpointSeq, beyond);
        if (next !== null) lane.waitsOnDisk(next);
      }
      // Whatever the reason for which nothing came of it: the event loop gets its turn before the next try.
      if (lane.ready.length === 0) lane.parkedUntil = this.ports.clock.now() + 1;
    });
  }

  /** Ends everything that waits in a lane whose endpoint takes nothing any more. */
  #bury(lane: Lane, state: "dead" | "cancelled", entry: EndpointEntry): void {
    const { store, facts } = this.parts;
    const { environmentSeq } = entry.endpoint;
    this.#release(lane);
    this.#whileBusy(lane, async () => {
      lane.beginReading();
      let count = BURY_PAGE;
      // Until nothing is left, or the endpoint has been changed: it may take something again.
      while (count === BURY_PAGE && lane.entry === entry && !this.isStopping) {
        count = await store.queue.bury(lane.endpointSeq, state, this.ports.clock.now(), BURY_PAGE);
        if (count > 0) facts.state({ type: "deliveries.buried", environmentSeq, state, count });
      }
    });
  }

  /** Reads what the next few attempts of a lane need, before they start: so they start in their order. */
  #fetchContents(lane: Lane, { endpoint }: EndpointEntry): void {
    const { store, facts } = this.parts;
    this.#whileBusy(lane, async () => {
      for (const waiting of lane.ready.slice(0, CONTENTS_AHEAD)) {
        if (waiting.content !== null) continue;
        if (waiting !== lane.ready[0] && this.#contentBytes > CONTENT_BYTES_MAX) break;
        const [content] = await store.queue.contents([waiting.delivery.messageSeq]);
        if (!lane.ready.includes(waiting)) continue;
        if (content?.payload) {
          waiting.content = content;
          this.#contentBytes += content.payload.byteLength;
          continue;
        }
        // Its payload has been deleted since it became pending: there is nothing to send.
        lane.ready.splice(lane.ready.indexOf(waiting), 1);
        this.#unclaim(lane, waiting);
        const count = await store.queue.expunge.message(waiting.delivery.messageSeq);
        facts.state({ type: "deliveries.buried", environmentSeq: endpoint.environmentSeq, state: "cancelled", count });
      }
    });
  }

  async #run(lane: Lane, waiting: Waiting): Promise<void> {
    try {
      await this.#attempt(lane, waiting, waiting.content as SendableContent);
    } catch (error) {
      this.#unclaim(lane, waiting);
      this.#rest(lane, error);
    }
    this.#slots.free(lane);
    this.#consider(lane);
    this.#dispatch();
    if (this.#slots.active === 0) this.#onDrained?.();
  }

  async #attempt(lane: Lane, waiting: Waiting, content: SendableContent): Promise<void> {
    const { clock, random } = this.ports;
    const { facts, policy } = this.parts;
    const entry = lane.entry!;
    const { delivery } = waiting;
    const startedAt = clock.now();
    const slow = this.#slow.started(lane, startedAt);
    if (facts.wants("attempt.started")) {
      facts.state({ type: "attempt.started", deliverySeq: delivery.seq, endpointSeq: delivery.endpointSeq });
    }

    const timeoutMs = entry.endpoint.timeoutMs ?? policy.deliveryTimeoutMs;
    const answer = await this.#deadline.deliver(lane.target!, content, timeoutMs);

    const finishedAt = clock.now();
    const wasFast = this.#slow.finished(slow, finishedAt);
    // Cut off by the end of the process: it stays pending.
    if (answer === null) return this.#unclaim(lane, waiting);
    // What an endpoint answered before it was changed says nothing about whether it is to be disabled now.
    const isChanged = lane.entry !== entry;
    const outcome = isChanged ? { ...classify(answer, finishedAt), gone: false } : classify(answer, finishedAt);
    lane.isHeardOf = true;
    this.#slots.restand(lane, outcome.success && wasFast ? "proven" : "troubled");
    const retry = { scheduleMs: entry.endpoint.retryScheduleMs ?? policy.retryScheduleMs, jitter: policy.retryJitter };
    const next = decide({ attempts: delivery.attempts, retry }, outcome, random.next());
    const sent = { delivery, content, entry, startedAt };
    const disableAfterMs = isChanged ? 0 : policy.endpointDisableAfterMs;
    const settlement = settlementOf(sent, { answer, outcome, next, disableAfterMs, finishedAt }, this.parts.seqs);
    const settled = await settle(this.parts.store, clock, settlement, () => this.isStopping);
    if (settled === null) return;
    this.#unclaim(lane, waiting);
    this.#afterSettlement(lane, sent, settlement, settled);
    facts.state(finishedFact(sent, settlement, settled, clock.now()));
    if (settled.disabled !== null) {
      const { endpointSeq } = delivery;
      const { applicationSeq } = content;
      this.parts.signals.send({ type: "endpoint.changed", endpointSeq, applicationSeq });
      facts.state({ type: "endpoint.disabled", endpointSeq, applicationSeq, ...settled.disabled });
    }
  }

  #afterSettlement(lane: Lane, { delivery, entry }: Sent, { round }: Settlement, { change, next }: Settled): void {
    // Resent while it was under way: it waits in another place, which may have been read and passed over already.
    if (change === "stale") lane.waitsOnDisk(0);
    if (change === "stale" || next.state !== "pending") return;
    if (lane.entry !== entry) {
      // The endpoint has been changed meanwhile, maybe its ordering: it waits in one of two places.
      lane.waitsOnDisk(Math.min(delivery.position, next.position));
    } else if (!lane.isFifo) {
      lane.waitsOnDisk(next.position);
    } else if (lane.busy) {
      lane.waitsOnDisk(delivery.position);
    } else {
      // The head of a fifo lane is tried again before the next one goes, so it stays here and keeps its place.
      lane.ready.unshift({
        delivery: { ...delivery, attempts: next.attempts, dueAt: next.dueAt, round },
        content: null,
      });
      lane.claimed.add(delivery.seq);
      this.#claimed++;
    }
  }
}
