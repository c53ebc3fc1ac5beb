import { WAITING_PER_SLOT } from "../core/concurrency.ts";
import type { Lane, Reputation } from "./lane.ts";

/**
 * A queue in which lanes wait. There is one per reputation, and `first` is for proven lanes that
 * have nothing under way.
 */
type Group = "first" | Reputation;

const GROUPS: readonly Group[] = ["first", "proven", "unproven", "failing", "slow"];
/** Number of lanes that must have left a queue before the queue is compacted. */
const LEFT_MAX = 1024;

/** A slot in use: the permission for one attempt, or for one read. */
export interface Slot {
  readonly lane: Lane;
  /**
   * True after the slot was returned early because the attempt was only waiting for its response.
   */
  isReturned: boolean;
}

/**
 * Decides which lane gets the next slot. Ready lanes wait in five queues, which are served in turn.
 *
 * - The last quarter of the slots is for proven lanes that have nothing under way.
 * - Unproven endpoints get one slot each until their first attempt has ended. Together with failing
 *   and slow endpoints they hold at most seven eighths of all slots. So a server that starts with
 *   many dead endpoints does not block proven ones.
 * - Endpoints that recently failed or were slow hold at most three quarters of all slots. Before a
 *   slow endpoint starts an attempt, attempts to slow endpoints that have returned their slot count
 *   towards this limit too.
 * - An attempt that has waited long enough for its response returns its slot and continues without
 *   one. How long that is depends on `shortSince`. If many healthy endpoints begin to hang at the
 *   same moment, other endpoints find free slots soon after.
 * - If many attempts wait without a slot, endpoints start only one attempt at a time. The remaining
 *   places are enough for one attempt to each of a thousand endpoints (at the default of 256
 *   slots).
 */
export class Slots {
  readonly #queues: Record<Group, Lane[]> = { first: [], proven: [], unproven: [], failing: [], slow: [] };
  /** Number of lanes at the head of each queue that have already left it. */
  readonly #left: Record<Group, number> = { first: 0, proven: 0, unproven: 0, failing: 0, slow: 0 };
  readonly #takenBy: Record<Reputation, number> = { proven: 0, unproven: 0, failing: 0, slow: 0 };
  readonly #waitingBy: Record<Reputation, number> = { proven: 0, unproven: 0, failing: 0, slow: 0 };
  #taken = 0;
  #waiting = 0;
  readonly #threeQuarters: number;
  readonly #sevenEighths: number;
  readonly #waitingMax: number;
  /** Index of the queue that is served next, if it has a lane that may get a slot. */
  #nextGroup = 0;

  constructor(private readonly total: number) {
    this.#threeQuarters = Math.max(1, Math.floor((total * 3) / 4));
    this.#sevenEighths = Math.max(1, Math.floor((total * 7) / 8));
    this.#waitingMax = total * WAITING_PER_SLOT;
  }

  /** Number of slots in use. */
  get taken(): number {
    return this.#taken;
  }

  /** Number of attempts under way that have returned their slot. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Number of attempts and reads under way, with or without a slot. */
  get underWay(): number {
    return this.#taken + this.#waiting;
  }

  /** Number of slots that endpoints with this reputation hold. */
  takenBy(reputation: Reputation): number {
    return this.#takenBy[reputation];
  }

  /**
   * Delivery time since which a lane has been waiting for a slot that an attempt could return.
   * Considers only lanes that have nothing under way and may be healthy. Null if there is none.
   */
  get shortSince(): number | null {
    if (this.#waiting >= this.#waitingMax) return null;
    const first = this.#blocked("first");
    const unproven = this.#blocked("unproven");
    if (first === null || unproven === null) return (first ?? unproven)?.readySince ?? null;
    return Math.min(first.readySince, unproven.readySince);
  }

  /**
   * Queues a lane whose state has just become `ready`. The lane leaves the queue when `next`
   * returns it or when its state changes.
   */
  queue(lane: Lane): void {
    this.#queues[groupOf(lane)].push(lane);
  }

  /** Returns the lane to serve next, or null if no waiting lane may get a slot. */
  next(): Lane | null {
    if (this.#taken >= this.total) return null;
    for (let i = 0; i < GROUPS.length; i++) {
      const group = GROUPS[(this.#nextGroup + i) % GROUPS.length]!;
      if (!this.#admits(group)) continue;
      const lane = this.#head(group);
      if (lane === null) continue;
      this.#left[group]++;
      this.#nextGroup = (this.#nextGroup + i + 1) % GROUPS.length;
      return lane;
    }
    return null;
  }

  #admits(group: Group): boolean {
    const { unproven, failing, slow } = this.#takenBy;
    if (this.#taken >= this.total) return false;
    if (group === "first") return true;
    if (group === "unproven") return unproven + failing + slow < this.#sevenEighths;
    if (this.#waiting >= this.#waitingMax / 2) return false;
    if (group === "proven") return this.#taken < this.#threeQuarters;
    const troubled = failing + slow + (group === "slow" ? this.#waitingBy.slow : 0);
    return troubled < this.#threeQuarters && unproven + failing + slow < this.#sevenEighths;
  }

  /** Returns the first lane of a queue if the rules deny it a slot, otherwise null. */
  #blocked(group: Group): Lane | null {
    return this.#admits(group) ? null : this.#head(group);
  }

  /** Returns the first lane of a queue that is still waiting in it. */
  #head(group: Group): Lane | null {
    const queue = this.#queues[group];
    for (; this.#left[group] < queue.length; this.#left[group]++) {
      const lane = queue[this.#left[group]]!;
      // A lane whose group has changed since it was queued is also in another queue.
      if (lane.state === "ready" && groupOf(lane) === group) break;
    }
    const left = this.#left[group];
    if (left === queue.length) {
      queue.length = 0;
      this.#left[group] = 0;
      return null;
    }
    if (left > LEFT_MAX && left * 2 > queue.length) {
      queue.splice(0, left);
      this.#left[group] = 0;
    }
    return queue[this.#left[group]]!;
  }

  take(lane: Lane): Slot {
    lane.underWay++;
    this.#taken++;
    this.#takenBy[lane.reputation]++;
    return { lane, isReturned: false };
  }

  /**
   * Frees the slot of an attempt that is only waiting for its response; the attempt continues
   * without a slot. Does nothing if too many attempts already have no slot.
   */
  giveBack(slot: Slot): void {
    if (slot.isReturned || this.#waiting >= this.#waitingMax) return;
    slot.isReturned = true;
    const { lane } = slot;
    lane.waiting++;
    this.#taken--;
    this.#takenBy[lane.reputation]--;
    this.#waiting++;
    this.#waitingBy[lane.reputation]++;
  }

  /** Releases the slot of an attempt or a read that has ended. */
  release({ lane, isReturned }: Slot): void {
    const before = groupOf(lane);
    lane.underWay--;
    if (isReturned) {
      lane.waiting--;
      this.#waiting--;
      this.#waitingBy[lane.reputation]--;
    } else {
      this.#taken--;
      this.#takenBy[lane.reputation]--;
    }
    this.#requeue(lane, before);
  }

  /** Changes a lane's reputation. Its slots immediately count for the new reputation. */
  setReputation(lane: Lane, reputation: Reputation): void {
    if (lane.reputation === reputation) return;
    const before = groupOf(lane);
    const taken = lane.underWay - lane.waiting;
    this.#takenBy[lane.reputation] -= taken;
    this.#takenBy[reputation] += taken;
    this.#waitingBy[lane.reputation] -= lane.waiting;
    this.#waitingBy[reputation] += lane.waiting;
    lane.reputation = reputation;
    this.#requeue(lane, before);
  }

  /** Moves a ready lane to the end of its new group's queue. */
  #requeue(lane: Lane, before: Group): void {
    if (lane.state === "ready" && groupOf(lane) !== before) this.queue(lane);
  }
}

function groupOf({ reputation, underWay }: Lane): Group {
  return reputation === "proven" && underWay === 0 ? "first" : reputation;
}
