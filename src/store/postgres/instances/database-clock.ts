/** By how much the clocks of two machines may drift apart, as a part of the time that passes. */
const DRIFT = 2e-4;

interface Sample {
  /** What the database's clock is ahead of the steady clock of this process, in ms, at least and at most. */
  readonly least: number;
  readonly most: number;
  /** When the sample was taken, by the steady clock. */
  readonly at: number;
}

/**
 * Estimates the clock of the database server, which all instances use. The server reads its clock between
 * the request and the response, so the sample with the shortest round trip is the most precise one.
 *
 * The numbers of all instances come from this clock, so that a message that is sent after another one
 * was accepted gets a greater number, whatever the clocks of the instances show.
 */
export class DatabaseClock {
  #sample: Sample | null = null;

  /** `machineNow` is the clock until the first sample, in ms since the Unix epoch. */
  constructor(
    private readonly steady: () => number,
    private readonly machineNow: () => number,
  ) {}

  /** Records that the server's clock showed `time` at a moment between `sentAt` and now. */
  learn(time: number, sentAt: number): void {
    const at = this.steady();
    const sample: Sample = { least: time - at, most: time - sentAt, at };
    if (this.#isBetter(sample)) this.#sample = sample;
  }

  #isBetter({ least, most, at }: Sample): boolean {
    const known = this.#sample;
    if (known === null) return true;
    const drift = (at - known.at) * DRIFT;
    // If they do not overlap, the server's clock was set.
    if (least > known.most + drift || most < known.least - drift) return true;
    return most - least <= known.most - known.least + 2 * drift;
  }

  /** The most likely time of the server's clock, in whole ms since the Unix epoch. */
  readonly now = (): number => {
    if (this.#sample === null) return this.machineNow();
    return Math.floor(this.steady() + (this.#sample.least + this.#sample.most) / 2);
  };

  /** The earliest time that the server's clock can show now. */
  get earliest(): number {
    return this.#sample === null
      ? this.machineNow()
      : this.steady() + this.#sample.least - this.#driftSince(this.#sample);
  }

  /** The latest time that the server's clock can show now. */
  get latest(): number {
    return this.#sample === null
      ? this.machineNow()
      : this.steady() + this.#sample.most + this.#driftSince(this.#sample);
  }

  #driftSince({ at }: Sample): number {
    return (this.steady() - at) * DRIFT;
  }
}
