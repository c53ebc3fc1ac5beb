/** Rows or applications that were refused, each with a pause that doubles with each refusal. */

const MIN_MS = 60_000;
const MAX_MS = 3_600_000;

interface Pause {
  readonly refusals: number;
  readonly until: number;
}

export class Pauses {
  readonly #pauses = new Map<string, Pause>();

  /** `now` returns the time of a clock that is never set, in ms. */
  constructor(private readonly now: () => number) {}

  /** Returns those whose pause has not ended. */
  get active(): string[] {
    const now = this.now();
    for (const [key, { until }] of this.#pauses) {
      // A row or application that was not refused again after its pause was sent or deleted.
      if (until + MAX_MS < now) this.#pauses.delete(key);
    }
    return [...this.#pauses].filter(([, { until }]) => until > now).map(([key]) => key);
  }

  /** Begins a pause after a refusal and returns its length in ms. */
  begin(key: string): number {
    const refusals = (this.#pauses.get(key)?.refusals ?? 0) + 1;
    const ms = Math.min(MIN_MS * 2 ** (refusals - 1), MAX_MS);
    this.#pauses.set(key, { refusals, until: this.now() + ms });
    return ms;
  }

  /** Forgets a row or application that is no longer refused. */
  end(key: string): void {
    this.#pauses.delete(key);
  }
}
