import type { Seq } from "../../../src/core/id.ts";
import { Dice } from "../dice.ts";
import { MINUTE_MS } from "../scene.ts";
import type { World } from "../world.ts";
import { SimGroup } from "./sim-group.ts";

/**
 * One in this many worlds has groups. Their calls of the store change everything that happens in a
 * world, so the others stay as they are.
 */
const WORLDS = 5;
const FIRST = 3;

/** The groups of workers of a world, which share the messages of its applications. */
export class SimGroups {
  readonly #groups: SimGroup[] = [];
  /** Worlds without groups must not roll the dice of the world for them. */
  readonly #dice: Dice;

  constructor(private readonly world: World) {
    this.#dice = new Dice(world.seed + 1_000_000);
  }

  /** Lets groups begin at some time. The applications must exist. */
  begin(): void {
    if (this.world.seed % WORLDS !== FIRST) return;
    const count = this.#dice.between(1, 3);
    for (let i = 0; i < count; i++) {
      this.world.clock.at(this.#dice.below(this.#dice.pick([1, 10 * MINUTE_MS])), () => this.#add(`g${i}`));
    }
  }

  /** Lets all leases end, and leases and acknowledges what is left. */
  async drain(): Promise<void> {
    const { clock, steps, calls } = this.world;
    for (const group of this.#groups) {
      await steps.passTime(Math.max(0, group.checks.latestEnd - clock.wall));
      await calls.do((_, program) => group.drain(program));
      group.checks.nothingIsLost();
    }
  }

  #add(group: string): void {
    const { db, applications } = this.world;
    const applicationSeq = this.#dice.pick(applications);
    const latest = db
      .query<{ seq: Seq | null }, [number]>("SELECT MAX(seq) AS seq FROM message WHERE application_seq = ?")
      .get(applicationSeq)!.seq;
    const after = this.#dice.chance(0.5) ? 0 : (latest ?? 0);
    this.#groups.push(new SimGroup(this.world, this.#dice, { applicationSeq, sink: "sink", group }, after));
  }
}
