import { CommandFailed } from "../../../src/cli/exit-code.ts";
import type { Kernel } from "../../../src/kernel.ts";
import type { Dice } from "../dice.ts";
import { asRefused, type MoverCall } from "./servers.ts";
import { Crash, Died, type Site } from "./site.ts";
import type { Timeline } from "./timeline.ts";

/** The mover died. What it has begun stays as it is. */
export class MoverDied extends Error {}

/** Errors of a mover that mean that an application was lost or is at two places. */
const IMPOSSIBLE = /does not have it|does not keep the messages/;

/** Share of the movers that die whose last request reaches its server later. */
const LATE = 0.4;
const LATE_MS = [10, 1000, 5000];

/** How much more often calls fail at which an application changes hands. */
const OFTEN = 10;

/** How often something fails, drawn from the seed. */
export class MoveFaults {
  /** From when everything has been created until the end. */
  areOn = false;
  crashes = 0;
  readonly #before: number;
  readonly #after: number;
  readonly #atCommit: number;
  readonly #mover: number;
  readonly #response: number;
  readonly #latencyMs: number;

  constructor(
    private readonly dice: Dice,
    private readonly time: Pick<Timeline, "sleep" | "launch">,
    private readonly restartLater: (site: Site, delayMs: number) => void,
    /** Called when an application is about to change hands. */
    private readonly changesHands: () => void,
  ) {
    this.#before = dice.rate(0.002, 0.03);
    this.#after = dice.rate(0.002, 0.03);
    this.#atCommit = dice.rate(0.0003, 0.01);
    this.#mover = dice.rate(0.002, 0.03);
    this.#response = dice.pick([0.05, 0.2, 0.5]);
    this.#latencyMs = dice.pick([2, 20, 200]);
  }

  crashesAfterCommit(site: Site): boolean {
    if (!this.areOn || !this.dice.chance(this.#atCommit)) return false;
    this.#restart(site);
    return true;
  }

  /** Returns whether an endpoint's response is a failure. */
  failsResponse(): boolean {
    return this.areOn && this.dice.chance(this.#response);
  }

  kill(site: Site): void {
    if (!site.isAlive) return;
    site.kill();
    this.#restart(site);
  }

  #restart(site: Site): void {
    this.crashes++;
    this.restartLater(site, this.dice.below(this.dice.pick([10, 1000, 20_000])));
  }

  /** Returns the calls of a new mover. It, and the servers that it calls, may die at each of them. */
  mover(): MoverCall {
    let isDead = false;
    return async (site, run, often) => {
      const factor = often === undefined ? 1 : OFTEN;
      if (often !== undefined) this.changesHands();
      await this.time.sleep(this.dice.below(this.#latencyMs));
      if (isDead || this.#happens(this.#mover * factor)) {
        if (!isDead && this.dice.chance(LATE)) this.time.launch(this.#late(site, run));
        isDead = true;
        throw new MoverDied("The mover died.");
      }
      if (this.#happens(this.#before * factor)) this.kill(site);
      const result = await asRefused(() => site.call(run));
      if (this.#happens(this.#after * factor)) {
        this.kill(site);
        throw new Died(`${site.name} died.`);
      }
      await this.time.sleep(this.dice.below(this.#latencyMs));
      return result;
    };
  }

  /** Lets a request of a mover that has died reach its server. */
  async #late(site: Site, run: (kernel: Kernel) => Promise<unknown>): Promise<void> {
    await this.time.sleep(this.dice.below(this.dice.pick(LATE_MS)));
    try {
      await asRefused(() => site.call(run));
    } catch (error) {
      if (faultIn(error, true) !== null) throw error;
    }
  }

  #happens(rate: number): boolean {
    return this.areOn && this.dice.chance(rate);
  }
}

/** Returns whether another mover has moved the application to the destination already, or was moving it back. */
export function isMovedByOther(error: unknown): boolean {
  return error instanceof CommandFailed && /is served at .* already|is arriving at/.test(error.message);
}

/** Returns what is wrong with an error of a mover, or null if a mover may fail so. `isOneOfTwo`: there is another one. */
export function faultIn(error: unknown, isOneOfTwo: boolean): string | null {
  if (error instanceof CommandFailed) {
    const isFault = IMPOSSIBLE.test(error.message) || (!isOneOfTwo && isMovedByOther(error));
    return isFault ? error.message : null;
  }
  if (error instanceof Died || error instanceof Crash || error instanceof MoverDied) return null;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
