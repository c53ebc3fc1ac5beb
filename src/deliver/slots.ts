import type { Lane, Standing } from "./lane.ts";

/**
 * Where a lane lines up: by its standing, and healthy ones apart by whether they hold a slot already.
 */
type Line = "idle" | "proven" | "unproven" | "troubled";

const ORDER: readonly Line[] = ["idle", "proven", "unproven", "troubled"];
/** A line is shortened when so many lanes at its head have had their turn. */
const SERVED_MAX = 1024;

/**
 * Who gets the next slot. The lanes that have something to send stand in lines, and the lines take turns.
 *
 * - Endpoints that lately failed or were slow hold at most three quarters of all slots, so that however many of them hang,
 *   the others find free ones.
 * - The last quarter is for lanes that hold none: healthy endpoints that begin to hang, all at the same moment and before anybody
 *   can know, still leave slots to the others.
 * - Endpoints not yet heard of get one slot each until their first answer, and together with the troubled ones at most seven
 *   eighths: a start with many dead endpoints stops nobody who has proved healthy.
 */
export class Slots {
  readonly #lines: Record<Line, Lane[]> = { idle: [], proven: [], unproven: [], troubled: [] };
  readonly #heads: Record<Line, number> = { idle: 0, proven: 0, unproven: 0, troubled: 0 };
  readonly #active: Record<Standing, number> = { proven: 0, unproven: 0, troubled: 0 };
  readonly #threeQuarters: number;
  readonly #sevenEighths: number;
  #turn = 0;

  constructor(private readonly total: number) {
    this.#threeQuarters = Math.max(1, Math.floor((total * 3) / 4));
    this.#sevenEighths = Math.max(1, Math.floor((total * 7) / 8));
  }

  get active(): number {
    return this.#active.proven + this.#active.unproven + this.#active.troubled;
  }

  /** Slots held by endpoints of this standing. */
  activeOf(standing: Standing): number {
    return this.#active[standing];
  }

  /** Puts a lane at the end of its line. */
  line(lane: Lane): void {
    if (lane.inLine) return;
    lane.inLine = true;
    this.#lines[lineOf(lane)].push(lane);
  }

  /** The lane whose turn it is, taken out of its line; null when no slot is free for anyone who waits. */
  next(): Lane | null {
    if (this.active >= this.total) return null;
    for (let i = 0; i < ORDER.length; i++) {
      const line = ORDER[(this.#turn + i) % ORDER.length]!;
      if (!this.#admits(line)) continue;
      const lane = this.#shift(line);
      if (lane === null) continue;
      this.#turn = (this.#turn + i + 1) % ORDER.length;
      return lane;
    }
    return null;
  }

  #admits(line: Line): boolean {
    const { unproven, troubled } = this.#active;
    switch (line) {
      case "idle":
        return true;
      case "proven":
        return this.active < this.#threeQuarters;
      case "unproven":
        return unproven + troubled < this.#sevenEighths;
      case "troubled":
        return troubled < this.#threeQuarters && unproven + troubled < this.#sevenEighths;
    }
  }

  #shift(line: Line): Lane | null {
    const lanes = this.#lines[line];
    while (this.#heads[line] < lanes.length) {
      const lane = lanes[this.#heads[line]++]!;
      if (this.#heads[line] > SERVED_MAX && this.#heads[line] * 2 > lanes.length) {
        lanes.splice(0, this.#heads[line]);
        this.#heads[line] = 0;
      }
      // A lane that has changed since it lined up stands in another line since then.
      if (!lane.inLine || lineOf(lane) !== line) continue;
      lane.inLine = false;
      return lane;
    }
    lanes.length = 0;
    this.#heads[line] = 0;
    return null;
  }

  occupy(lane: Lane): void {
    lane.inFlight++;
    this.#active[lane.standing]++;
  }

  free(lane: Lane): void {
    this.#active[lane.standing]--;
    this.#change(lane, () => {
      lane.inFlight--;
    });
  }

  /** The slots that a lane holds count for its standing, also when that changes while they are held. */
  restand(lane: Lane, standing: Standing): void {
    if (lane.standing === standing) return;
    this.#active[lane.standing] -= lane.inFlight;
    this.#active[standing] += lane.inFlight;
    this.#change(lane, () => {
      lane.standing = standing;
    });
  }

  /** A lane that waits moves to the end of the line in which it belongs after the change. */
  #change(lane: Lane, change: () => void): void {
    const before = lineOf(lane);
    change();
    const after = lineOf(lane);
    if (lane.inLine && after !== before) this.#lines[after].push(lane);
  }
}

function lineOf({ standing, inFlight }: Lane): Line {
  return standing === "proven" && inFlight === 0 ? "idle" : standing;
}
