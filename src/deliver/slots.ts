import type { Lane, Standing } from "./lane.ts";

/**
 * Who gets the next slot. The lanes that have something to send stand in one line per standing, and the lines take turns.
 *
 * Endpoints that lately failed or were slow may hold at most three quarters of all slots, so that however many of them hang,
 * the others find free ones. Those not yet heard of get one slot each until their first answer, and together with the
 * troubled ones at most seven eighths: a start with many dead endpoints stops nobody who has proved healthy.
 */
export class Slots {
  readonly #lines: Record<Standing, Lane[]> = { proven: [], unproven: [], troubled: [] };
  readonly #heads: Record<Standing, number> = { proven: 0, unproven: 0, troubled: 0 };
  readonly #active: Record<Standing, number> = { proven: 0, unproven: 0, troubled: 0 };
  readonly #troubledMax: number;
  readonly #doubtfulMax: number;
  #turn = 0;

  constructor(private readonly total: number) {
    this.#troubledMax = Math.max(1, Math.floor((total * 3) / 4));
    this.#doubtfulMax = Math.max(1, Math.floor((total * 7) / 8));
  }

  get active(): number {
    return this.#active.proven + this.#active.unproven + this.#active.troubled;
  }

  /** Slots held by endpoints of this standing. */
  activeOf(standing: Standing): number {
    return this.#active[standing];
  }

  /** Puts a lane at the end of the line of its standing. */
  line(lane: Lane): void {
    if (lane.inLine) return;
    lane.inLine = true;
    this.#lines[lane.standing].push(lane);
  }

  /** The lane whose turn it is, taken out of its line; null when no slot is free for anyone who waits. */
  next(): Lane | null {
    if (this.active >= this.total) return null;
    for (let i = 0; i < ORDER.length; i++) {
      const standing = ORDER[(this.#turn + i) % ORDER.length]!;
      if (!this.#admits(standing)) continue;
      const lane = this.#shift(standing);
      if (lane === null) continue;
      this.#turn = (this.#turn + i + 1) % ORDER.length;
      return lane;
    }
    return null;
  }

  #admits(standing: Standing): boolean {
    const { unproven, troubled } = this.#active;
    if (standing === "proven") return true;
    if (standing === "troubled" && troubled >= this.#troubledMax) return false;
    return unproven + troubled < this.#doubtfulMax;
  }

  #shift(standing: Standing): Lane | null {
    const line = this.#lines[standing];
    while (this.#heads[standing] < line.length) {
      const lane = line[this.#heads[standing]++]!;
      if (this.#heads[standing] > 1024 && this.#heads[standing] * 2 > line.length) {
        line.splice(0, this.#heads[standing]);
        this.#heads[standing] = 0;
      }
      // A lane whose standing has changed stands in another line since then.
      if (!lane.inLine || lane.standing !== standing) continue;
      lane.inLine = false;
      return lane;
    }
    line.length = 0;
    this.#heads[standing] = 0;
    return null;
  }

  occupy(lane: Lane): void {
    lane.inFlight++;
    this.#active[lane.standing]++;
  }

  free(lane: Lane): void {
    lane.inFlight--;
    this.#active[lane.standing]--;
  }

  /** The slots that a lane holds count for its standing, also when that changes while they are held. */
  restand(lane: Lane, standing: Standing): void {
    if (lane.standing === standing) return;
    this.#active[lane.standing] -= lane.inFlight;
    this.#active[standing] += lane.inFlight;
    lane.standing = standing;
    if (lane.inLine) this.#lines[standing].push(lane);
  }
}

const ORDER: readonly Standing[] = ["proven", "unproven", "troubled"];
