import type { Facts } from "../../core/fact.ts";
import type { Cancel, Clock, Shortage, ShortResource } from "../../ports.ts";

/**
 * Time without a postponed delivery after which a shortage has ended, in ms. It is longer than
 * lanes rest.
 */
const QUIET_MS = 15_000;

interface Current {
  readonly since: number;
  latestAt: number;
  postponed: number;
}

/**
 * Reports when a resource of this machine runs out and when it is available to deliveries again.
 */
export class ShortageWatch {
  readonly #current = new Map<ShortResource, Current>();
  #cancel: Cancel | null = null;

  constructor(
    private readonly clock: Clock,
    private readonly facts: Facts,
  ) {}

  /** Records that a delivery was postponed because of a shortage. */
  postponed({ resource, detail }: Shortage): void {
    const now = this.clock.now();
    const current = this.#current.get(resource);
    if (current !== undefined) {
      current.latestAt = now;
      current.postponed++;
      return;
    }
    this.#current.set(resource, { since: now, latestAt: now, postponed: 1 });
    this.#cancel ??= this.clock.after(QUIET_MS, () => this.#look());
    this.facts.state({ type: "shortage.began", resource, detail });
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = null;
  }

  #look(): void {
    this.#cancel = null;
    const now = this.clock.now();
    for (const [resource, { since, latestAt, postponed }] of this.#current) {
      // If the clock was set back, the shortage counts as ended.
      if (now - latestAt < QUIET_MS && now >= latestAt) continue;
      this.#current.delete(resource);
      this.facts.state({ type: "shortage.ended", resource, since, postponed });
    }
    if (this.#current.size > 0) this.#cancel = this.clock.after(QUIET_MS, () => this.#look());
  }
}
