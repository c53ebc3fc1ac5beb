import { type Seq, timeOfSeq } from "../core/id.ts";
import type { Cancel } from "../ports.ts";
import type { EndpointEntry } from "../store/directory.ts";
import type { LaneCursor, MessageContent, PendingDelivery } from "../store/index.ts";
import type { PreparedTarget } from "../targets/target.ts";

/** A delivery that a lane has in memory. */
export interface Waiting {
  readonly delivery: PendingDelivery;
  /** Kept from the acceptance when there is room; otherwise read shortly before the attempt. */
  content: MessageContent | null;
}

/**
 * Before when it is not to be sent; 0 = at once. What was to be sent at once has the instant at which that was said for its `dueAt`, and a
 * clock that was set back may come to it only in hours.
 */
export function notBefore({ seq, position, dueAt, attempts, round, trigger }: PendingDelivery): number {
  const isScheduled = round === 0 && trigger === "schedule" && position > seq;
  return attempts > 0 || isScheduled ? dueAt : 0;
}

/**
 * How an endpoint has answered lately. `unproven`: not yet heard of since the start; `proven`: the latest attempt succeeded
 * within a second; `troubled`: it failed or took longer.
 */
export type Standing = "unproven" | "proven" | "troubled";

/** No delivery on disk is known of. */
export const NOTHING: Seq = Number.POSITIVE_INFINITY;
/** How soon to look again, at the earliest, for what was passed over because it was not due. */
const LATER_MS = 1000;
const START: LaneCursor = { position: 0, seq: 0 };

/**
 * The queue of one endpoint. The queue itself is on disk; a lane holds the next few deliveries of it and knows how far it
 * has read:
 *
 * - everything pending at or before `cursor` is here: in `ready`, or under way;
 * - `diskNext` is a lower bound for the position of what waits on disk beyond it.
 * - what had a place before `cursor` but was not yet due, because the clock has stepped back, is looked for at `laterAt`.
 *
 * `claimed` names what is here, so reading a stretch twice does no harm: rows that are here already are passed over.
 */
export class Lane {
  readonly ready: Waiting[] = [];
  readonly claimed = new Set<Seq>();
  cursor: LaneCursor = START;
  diskNext: Seq;
  inFlight = 0;
  standing: Standing = "unproven";
  /** Has an attempt ended since the start? Until then it gets one slot. */
  isHeardOf = false;
  /** Read from the directory before the first attempt and after every change. */
  entry: EndpointEntry | null = null;
  /** Prepared for `entry`. */
  target: PreparedTarget | null = null;
  /** Is the store being asked on behalf of this lane? */
  busy = false;
  /** Does it stand in line for a slot? */
  inLine = false;
  /** Not to be served before this instant: throttled, or a fifo head that waits for its retry. */
  parkedUntil = 0;
  cancelTimer: Cancel | null = null;
  /** When that timer goes off. */
  timerAt = NOTHING;
  /** What waits on disk begins right behind the cursor, not at its position. */
  #readsOn = false;
  /** Of what was passed over because it was not due: how many, the first that falls due, and when to look at the earliest. */
  #passedOver = 0;
  #laterDueAt = NOTHING;
  #laterFrom = 0;

  constructor(
    readonly endpointSeq: Seq,
    diskNext: Seq,
  ) {
    this.diskNext = diskNext;
  }

  get isFifo(): boolean {
    return this.entry?.endpoint.ordering === "fifo";
  }

  /** Nothing here, nothing known of on disk. */
  get isIdle(): boolean {
    return this.claimed.size === 0 && this.diskNext === NOTHING && this.laterAt === NOTHING && !this.busy;
  }

  /**
   * When the first delivery that waits falls due; infinity when none does, or when it is still to be read which one that is. Behind the
   * head of a fifo lane, which may wait for its retry, others may have been due for long.
   */
  get oldestDueAt(): number {
    const onDisk = this.diskNext === NOTHING || this.diskNext === 0 ? NOTHING : timeOfSeq(this.diskNext);
    if (this.isFifo) return this.ready.reduce((oldest, { delivery }) => Math.min(oldest, delivery.dueAt), onDisk);
    return this.ready[0]?.delivery.dueAt ?? onDisk;
  }

  /** Adds what has just been committed or read, in the order of the lane. */
  append(waiting: Waiting): void {
    const { delivery } = waiting;
    this.claimed.add(delivery.seq);
    this.ready.push(waiting);
    this.cursor = delivery;
  }

  /** When to look for what was passed over; infinity when there is nothing. */
  get laterAt(): number {
    return Math.max(this.#laterDueAt, this.#laterFrom);
  }

  /** A row that has been read is not added, because it is not due. */
  passOver(delivery: PendingDelivery, now: number): void {
    this.pass(delivery);
    this.#passedOver++;
    this.#laterDueAt = Math.min(this.#laterDueAt, delivery.dueAt);
    // All of them are read again each time, so the more there are the less often.
    this.#laterFrom = now + LATER_MS + this.#passedOver;
  }

  /** A row that has been read is not added. */
  pass({ position, seq }: LaneCursor): void {
    this.cursor = { position, seq };
  }

  /** Something waits on disk at `position`: it will be read, even if it lies before what has been read already. */
  waitsOnDisk(position: Seq): void {
    if (position <= this.cursor.position) this.#readsOn = false;
    if (position < this.diskNext) this.diskNext = position;
  }

  /** There is more behind the cursor, maybe at the same position. */
  readsOn(): void {
    if (this.cursor.position >= this.diskNext) return;
    this.diskNext = this.cursor.position;
    this.#readsOn = true;
  }

  /** What was passed over may be due now. */
  readsAgain(): void {
    this.#forgetPassedOver();
    this.waitsOnDisk(0);
  }

  #forgetPassedOver(): void {
    this.#passedOver = 0;
    this.#laterDueAt = NOTHING;
    this.#laterFrom = 0;
  }

  /** Where to begin to read. What becomes known of while reading lowers `diskNext` again. */
  beginReading(): LaneCursor {
    if (this.diskNext <= this.cursor.position && !this.#readsOn) {
      this.cursor = { position: this.diskNext - 1, seq: 0 };
    }
    this.diskNext = NOTHING;
    this.#readsOn = false;
    return this.cursor;
  }

  /** Gives back what has not been started, to be read again: after a change of the order, a pause, a disabling. */
  release(): void {
    for (const { delivery } of this.ready) this.claimed.delete(delivery.seq);
    this.ready.length = 0;
    this.cursor = START;
    this.diskNext = 0;
    this.#forgetPassedOver();
    this.#readsOn = false;
  }
}
