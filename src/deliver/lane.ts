import { type Seq, timeOfSeq } from "../core/id.ts";
import type { Cancel } from "../ports.ts";
import type { EndpointEntry } from "../store/directory.ts";
import type { ClockOffsets, LaneCursor, PendingDelivery } from "../store/index.ts";
import type { PreparedTarget } from "../targets/target.ts";
import type { Gathering } from "./gathering.ts";
import { LanePosition, NOTHING } from "./lane-position.ts";
import { dueTimeOf, type Waiting } from "./waiting.ts";

/**
 * Classifies an endpoint by its latest attempts. `unproven`: no attempt since the start. `proven`:
 * the latest attempt succeeded within a second. `failing`: the latest attempt failed within a
 * second. `slow`: the latest attempt took longer, or has returned its slot and is still under way.
 */
export type Reputation = "unproven" | "proven" | "failing" | "slow";

/** Whether a lane can run now, and if not, the reason. */
export type LaneState =
  /** The lane has no pending deliveries. */
  | "idle"
  /** The lane has work to do now and waits for a slot. */
  | "ready"
  /** The store is being read for this lane. */
  | "reading"
  /** The lane's deliveries are not due before a known time. */
  | "parked"
  /** The endpoint's maximum number of attempts is under way, or its consumers have no room for more. */
  | "full"
  /** The endpoint or its environment is paused, or all deliveries are held. */
  | "paused"
  /** Another process serves this lane. */
  | "foreign";

/**
 * The queue of one endpoint. The queue itself is on disk. A lane holds the next few deliveries in
 * memory and stores how far it has been read.
 */
export class Lane extends LanePosition {
  /** The next deliveries, in order. */
  readonly ready: Waiting[] = [];
  /** The deliveries in memory: those in `ready`, and those whose attempt is under way. */
  readonly held = new Map<Seq, PendingDelivery>();

  /** False if another process serves this lane. */
  isOwned = true;
  /** Whether the store is being read for this lane. */
  isReading = false;
  /** Number of attempts under way, plus one during a read. */
  underWay = 0;
  /** Number of attempts under way that have returned their slot. */
  waiting = 0;
  /** Earliest time at which the lane may be served, after a rate limit, a shortage or an error. */
  restsUntil = 0;
  /** Number of successive attempts that a local shortage has prevented. */
  shortages = 0;
  /**
   * The cached endpoint. Null until the lane is first served, and after every change of the
   * endpoint.
   */
  entry: EndpointEntry | null = null;
  /** The target that was prepared from `entry`. */
  target: PreparedTarget | null = null;
  reputation: Reputation = "unproven";
  /** Whether an attempt has ended since the start. Until then the lane gets only one slot. */
  hasEndedAttempt = false;

  /**
   * The deliveries that wait for their batch to be closed. Null if the endpoint gets no batches, or if
   * the lane must be read to know.
   */
  gathering: Gathering | null = null;

  /**
   * Whether the lane can run, and if not, the reason. `stateOf` derives it from the fields above.
   */
  state: LaneState = "idle";
  /** Delivery time since which the lane has been ready. Valid only while the lane is ready. */
  readySince = 0;
  /**
   * Cancels the alarm that wakes a parked lane at `alarmAt`. The alarm may fire too early, but
   * never too late.
   */
  cancelAlarm: Cancel | null = null;
  alarmAt = NOTHING;

  /**
   * Incremented whenever deliveries that were read ahead are dropped. The rows from a read that
   * began earlier are outdated.
   */
  generation = 0;
  /**
   * Deliveries whose attempt ended while the lane was being read, with the round of that attempt.
   */
  #endedDuringRead: Map<Seq, number> | null = null;
  /** Held deliveries that have been resent: their row on disk is in a later round. */
  #resent: Set<Seq> | null = null;

  constructor(
    readonly endpointSeq: Seq,
    diskNext: Seq,
  ) {
    super(diskNext);
  }

  get isFifo(): boolean {
    return this.entry?.endpoint.ordering === "fifo";
  }

  /** False if it is known that the order of the lane does not count. */
  get mayBeFifo(): boolean {
    return this.entry === null || this.isFifo;
  }

  /**
   * Whether a delivery that waits on disk comes before those in memory, although the order counts.
   * This happens if a redrive and a message are committed together: the message is added first.
   */
  get isOvertaking(): boolean {
    const head = this.ready[0];
    return head !== undefined && this.isFifo && this.diskNext < head.delivery.position;
  }

  /** True if the lane holds no delivery and none is known to be pending on disk. */
  get isEmpty(): boolean {
    return this.held.size === 0 && this.diskNext === NOTHING && this.laterAt === NOTHING && !this.isReading;
  }

  /**
   * Delivery time at which the oldest waiting delivery became due. Infinity if there is none, or if
   * it has not been read yet. In a FIFO lane, deliveries behind the head may have been due for
   * longer than the head, which may be waiting for a retry.
   */
  oldestDueAt({ aheadMs, positionsAheadMs }: ClockOffsets): number {
    // A message that waits for its batch is due when the batch is closed.
    if (this.gathering !== null) return this.gathering.wakeAt;
    const isOnDisk = this.diskNext !== NOTHING && this.diskNext !== 0;
    const onDisk = isOnDisk ? timeOfSeq(this.diskNext) - positionsAheadMs : NOTHING;
    const dueAt = ({ delivery }: Waiting) => dueTimeOf(delivery, aheadMs);
    if (this.isFifo) return this.ready.reduce((oldest, waiting) => Math.min(oldest, dueAt(waiting)), onDisk);
    return this.ready[0] === undefined ? onDisk : dueAt(this.ready[0]);
  }

  /**
   * Adds a delivery that was just committed or read. It must come after all deliveries that were
   * added earlier.
   */
  append(waiting: Waiting): void {
    const { delivery } = waiting;
    this.held.set(delivery.seq, delivery);
    this.ready.push(waiting);
    this.cursor = delivery;
  }

  /** Puts the head of a FIFO lane back, to be retried before the next delivery. */
  putBack(waiting: Waiting): void {
    this.held.set(waiting.delivery.seq, waiting.delivery);
    this.ready.unshift(waiting);
  }

  /** Whether this object is held. */
  isHolding({ delivery }: Waiting): boolean {
    return this.held.get(delivery.seq) === delivery;
  }

  /** Stops holding a delivery. Returns false if this object is not held. */
  letGo(waiting: Waiting): boolean {
    if (!this.isHolding(waiting)) return false;
    const { seq, round } = waiting.delivery;
    this.held.delete(seq);
    if (this.isReading) {
      this.#endedDuringRead ??= new Map();
      this.#endedDuringRead.set(seq, round);
    }
    return true;
  }

  /**
   * Returns whether to add a row that was just read. False if the delivery is held, or if the row
   * was read before the delivery's attempt ended.
   */
  isNews({ seq, round }: PendingDelivery): boolean {
    const held = this.held.get(seq);
    if (held === undefined) return round > (this.#endedDuringRead?.get(seq) ?? -1);
    if (round > held.round) {
      this.#resent ??= new Set();
      this.#resent.add(seq);
    }
    return false;
  }

  /** Returns whether a delivery was resent while it was held. Returns true only once. */
  takeResent(seq: Seq): boolean {
    return this.#resent?.delete(seq) ?? false;
  }

  /**
   * Drops the deliveries that were read ahead, after the endpoint was paused or disabled or its
   * ordering changed.
   */
  release(): void {
    for (const waiting of this.ready) this.letGo(waiting);
    this.ready.length = 0;
    this.gathering = null;
    this.generation++;
    this.rewind();
  }

  override waitsOnDisk(position: Seq): void {
    this.gathering = null;
    super.waitsOnDisk(position);
  }

  override beginReading(): LaneCursor {
    this.#endedDuringRead = null;
    this.gathering = null;
    return super.beginReading();
  }
}
