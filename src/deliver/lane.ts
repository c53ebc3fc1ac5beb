import { type Seq, timeOfSeq } from "../core/id.ts";
import type { Cancel } from "../ports.ts";
import type { EndpointEntry } from "../store/directory.ts";
import type { LaneCursor, MessageContent, PendingDelivery } from "../store/index.ts";
import type { PreparedTarget } from "../targets/target.ts";
import { LanePosition, NOTHING } from "./lane-position.ts";
import type { LaneState } from "./lane-state.ts";

/** A delivery that a lane has in memory. */
export interface Waiting {
  readonly delivery: PendingDelivery;
  /** Kept since the acceptance if there was room; otherwise read shortly before the attempt. */
  content: MessageContent | null;
}

/**
 * What an endpoint's latest attempts were like. `unproven`: none since the start. `proven`: the
 * latest one succeeded within a second. `troubled`: it failed or took longer.
 */
export type Reputation = "unproven" | "proven" | "troubled";

/**
 * The queue of one endpoint. The queue itself is on disk. A lane holds the next few deliveries of it
 * in memory and knows how far it has been read.
 */
export class Lane extends LanePosition {
  /** The next deliveries, in order. */
  readonly ready: Waiting[] = [];
  /** The deliveries in memory: those in `ready`, and those whose attempt is under way. */
  readonly held = new Map<Seq, PendingDelivery>();

  /** False when another process serves this lane. */
  isOwned = true;
  /** The store is being read for this lane. */
  isReading = false;
  /** Slots that it holds: one for each attempt under way, and one while it is being read. */
  slotsHeld = 0;
  /** Not to be served before this time: it is throttled, or an error has interrupted it. */
  restsUntil = 0;
  /** Null until its first turn, and after every change of the endpoint. */
  entry: EndpointEntry | null = null;
  /** Prepared for `entry`. */
  target: PreparedTarget | null = null;
  reputation: Reputation = "unproven";
  /** Whether an attempt has ended since the start. Until then the lane gets one slot. */
  hasEndedAttempt = false;

  /** Why it does not run now. Derived from everything above by `stateOf`. */
  state: LaneState = "idle";
  /** Wakes a parked lane, at `alarmAt`. It may go off too early, but never too late. */
  cancelAlarm: Cancel | null = null;
  alarmAt = NOTHING;

  /**
   * Rises whenever what was read ahead is dropped. A read that began before returns rows that are
   * out of date.
   */
  generation = 0;
  /**
   * Deliveries whose attempt ended while the lane was being read, and the round of that attempt.
   */
  #endedDuringRead: Map<Seq, number> | null = null;
  /** Held deliveries that were found in a later round on disk. */
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

  /** It holds nothing, and nothing is known to wait on disk. */
  get isEmpty(): boolean {
    return this.held.size === 0 && this.diskNext === NOTHING && this.laterAt === NOTHING && !this.isReading;
  }

  /**
   * Time at which the oldest waiting delivery became due; infinity if there is none, or if it has
   * not been read yet. In a fifo lane deliveries behind the head may have been due longer than the
   * head, which may wait for a retry.
   */
  get oldestDueAt(): number {
    const onDisk = this.diskNext === NOTHING || this.diskNext === 0 ? NOTHING : timeOfSeq(this.diskNext);
    if (this.isFifo) return this.ready.reduce((oldest, { delivery }) => Math.min(oldest, delivery.dueAt), onDisk);
    return this.ready[0]?.delivery.dueAt ?? onDisk;
  }

  /**
   * Adds a delivery that was just committed or read. It comes after everything that was added
   * before.
   */
  append(waiting: Waiting): void {
    const { delivery } = waiting;
    this.held.set(delivery.seq, delivery);
    this.ready.push(waiting);
    this.cursor = delivery;
  }

  /** Puts the head of a fifo lane back, to be tried again before the next one. */
  putBack(waiting: Waiting): void {
    this.held.set(waiting.delivery.seq, waiting.delivery);
    this.ready.unshift(waiting);
  }

  /** Stops holding a delivery. Returns false if this very delivery is not held. */
  letGo({ delivery }: Waiting): boolean {
    const { seq, round } = delivery;
    if (this.held.get(seq) !== delivery) return false;
    this.held.delete(seq);
    if (this.isReading) {
      this.#endedDuringRead ??= new Map();
      this.#endedDuringRead.set(seq, round);
    }
    return true;
  }

  /**
   * Returns whether a row that was just read is to be added. It is not if the delivery is held, or
   * if the row was read before the end of its attempt.
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

  /** Returns, once, whether a delivery was resent while it was held. */
  takeResent(seq: Seq): boolean {
    return this.#resent?.delete(seq) ?? false;
  }

  /** Drops what has been read ahead: after a change of the order, a pause, a disabling. */
  release(): void {
    for (const waiting of this.ready) this.letGo(waiting);
    this.ready.length = 0;
    this.generation++;
    this.rewind();
  }

  override beginReading(): LaneCursor {
    this.#endedDuringRead = null;
    return super.beginReading();
  }
}
