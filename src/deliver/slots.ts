import type { Lane, Reputation } from "./lane.ts";

/**
 * The queue in which a lane waits. There is one per reputation, and `first` is for proven lanes
 * that hold no slot.
 */
type Group = "first" | Reputation;

const GROUPS: readonly Group[] = ["first", "proven", "unproven", "troubled"];
/** Number of lanes that must have left a queue before it is compacted. */
const LEFT_MAX = 1024;

/**
 * Decides which lane gets the next slot: the permission for one attempt, or for one read. Ready
 * lanes wait in four queues, which are served in turn.
 *
 * - Endpoints that recently failed or were slow hold at most three quarters of all slots. However
 *   many of them hang, the others find free slots.
 * - The last quarter is for proven lanes that hold no slot. If many healthy endpoints begin to hang
 *   at the same moment, before this can be detected, they still leave slots to others.
 * - Unproven endpoints get one slot each until their first attempt has ended. Together with the
 *   troubled ones they hold at most seven eighths of all slots, so that a start with many dead
 *   endpoints does not block a proven one.
 */
export class Slots {
  readonly #queues: Record<Group, Lane[]> = { first: [], proven: [], unproven: [], troubled: [] };
  /** Number of lanes at the head of each queue that have already left it. */
  readonly #left: Record<Group, number> = { first: 0, proven: 0, unproven: 0, troubled: 0 };
  readonly #taken: Record<Reputation, number> = { proven: 0, unproven: 0, troubled: 0 };
  readonly #threeQuarters: number;
  readonly #sevenEighths: number;
  /** Index of the queue that is served next, if it has a lane that may get a slot. */
  #nextGroup = 0;

  constructor(private readonly total: number) {
    this.#threeQuarters = Math.max(1, Math.floor((total * 3) / 4));
    this.#sevenEighths = Math.max(1, Math.floor((total * 7) / 8));
  }

  get taken(): number {
    return this.#taken.proven + this.#taken.unproven + this.#taken.troubled;
  }

  /** Number of slots that endpoints with this reputation hold. */
  takenBy(reputation: Reputation): number {
    return this.#taken[reputation];
  }

  /**
   * Queues a lane whose state has just become `ready`. The lane leaves the queue by `next`, or when
   * its state changes.
   */
  queue(lane: Lane): void {
    this.#queues[groupOf(lane)].push(lane);
  }

  /** Returns the lane to serve next; null if no waiting lane may get a slot. */
  next(): Lane | null {
    if (this.taken >= this.total) return null;
    for (let i = 0; i < GROUPS.length; i++) {
      const group = GROUPS[(this.#nextGroup + i) % GROUPS.length]!;
      if (!this.#admits(group)) continue;
      const lane = this.#shift(group);
      if (lane === null) continue;
      this.#nextGroup = (this.#nextGroup + i + 1) % GROUPS.length;
      return lane;
    }
    return null;
  }

  #admits(group: Group): boolean {
    const { unproven, troubled } = this.#taken;
    switch (group) {
      case "first":
        return true;
      case "proven":
        return this.taken < this.#threeQuarters;
      case "unproven":
        return unproven + troubled < this.#sevenEighths;
      case "troubled":
        return troubled < this.#threeQuarters && unproven + troubled < this.#sevenEighths;
    }
  }

  #shift(group: Group): Lane | null {
    const queue = this.#queues[group];
    while (this.#left[group] < queue.length) {
      const lane = queue[this.#left[group]++]!;
      if (this.#left[group] > LEFT_MAX && this.#left[group] * 2 > queue.length) {
        queue.splice(0, this.#left[group]);
        this.#left[group] = 0;
      }
      // A lane whose group has changed since it was queued is also in another queue.
      if (lane.state === "ready" && groupOf(lane) === group) return lane;
    }
    queue.length = 0;
    this.#left[group] = 0;
    return null;
  }

  take(lane: Lane): void {
    lane.slotsHeld++;
    this.#taken[lane.reputation]++;
  }

  release(lane: Lane): void {
    const before = groupOf(lane);
    this.#taken[lane.reputation]--;
    lane.slotsHeld--;
    this.#requeue(lane, before);
  }

  /** Changes a lane's reputation. Its slots count for the new reputation immediately. */
  setReputation(lane: Lane, reputation: Reputation): void {
    if (lane.reputation === reputation) return;
    const before = groupOf(lane);
    this.#taken[lane.reputation] -= lane.slotsHeld;
    this.#taken[reputation] += lane.slotsHeld;
    lane.reputation = reputation;
    this.#requeue(lane, before);
  }

  /** Moves a ready lane to the end of its new group's queue. */
  #requeue(lane: Lane, before: Group): void {
    if (lane.state === "ready" && groupOf(lane) !== before) this.queue(lane);
  }
}

function groupOf({ reputation, slotsHeld }: Lane): Group {
  return reputation === "proven" && slotsHeld === 0 ? "first" : reputation;
}
