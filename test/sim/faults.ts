import type { VirtualClock } from "./clock.ts";
import type { Dice } from "./dice.ts";
import type { Rates } from "./rates.ts";
import { HOUR_MS } from "./scene.ts";
import { Crash } from "./steps.ts";

/** Factor by which a crash is more likely right after a rare commit. */
const RARE_COMMIT_FACTOR = 20;

/**
 * Chance that the disk becomes full right after a commit, relative to the chance between two
 * events.
 */
const FULL_AFTER_COMMIT = 0.15;

interface Around {
  readonly clock: VirtualClock;
  readonly dice: Dice;
  readonly rates: Rates;
  readonly note: (what: string) => void;
  readonly isCommitRare: () => boolean;
  /** Ends the program immediately. */
  readonly kill: () => void;
}

/** The faults of a world, except those of the network. */
export class Faults {
  /** Whether faults can happen. False before and after the phase of faults. */
  areOn = false;
  isDiskFull = false;
  /** Whether the program has crashed or must crash before the next event. */
  isCrashDue = false;

  constructor(private readonly around: Around) {}

  /** Ends the phase of faults. */
  end(): void {
    this.areOn = false;
    this.isDiskFull = false;
  }

  chance(name: keyof Rates["faults"]): boolean {
    return this.areOn && this.around.dice.chance(this.around.rates.faults[name]);
  }

  /** Returns the chances that a call of the store is slow. */
  slowness(): { readonly read: number; readonly write: number } {
    const { slowRead, slowWrite } = this.around.rates.faults;
    return this.areOn ? { read: slowRead, write: slowWrite } : { read: 0, write: 0 };
  }

  /**
   * Sometimes crashes after a commit, before the program learns of the commit. A crash is more
   * likely after a rare commit.
   */
  afterCommit(): void {
    const { dice, rates, isCommitRare } = this.around;
    if (this.areOn && dice.chance(rates.faults.fullDisk * FULL_AFTER_COMMIT)) this.fillDisk();
    const rate = rates.faults.crashAfterCommit * (isCommitRare() ? RARE_COMMIT_FACTOR : 1);
    if (!this.areOn || !dice.chance(rate)) return;
    this.isCrashDue = true;
    this.around.kill();
    throw new Crash();
  }

  fillDisk(): void {
    const { clock, dice } = this.around;
    this.isDiskFull = true;
    clock.at(dice.between(1, dice.pick([50, 2000, 20_000])), () => {
      this.isDiskFull = false;
    });
  }

  /** Sets the wall clock forward or back by seconds to hours. */
  setClock(): void {
    const { clock, dice, note } = this.around;
    const stepMs = dice.between(1, dice.pick([5000, 60_000, HOUR_MS, 12 * HOUR_MS])) * dice.pick([-1, 1]);
    note(`the clock is set by ${stepMs}`);
    clock.step(stepMs);
  }
}
