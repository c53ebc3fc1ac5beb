import type { Facts } from "../../core/facts.ts";
import type { Cancel, Clock, Shortage, ShortResource } from "../../ports.ts";

/**
 * Time without a postponed delivery after which a shortage has ended, in ms. It is longer than the
 * longest rest of a lane.
 */
const QUIET_MS = 15_000;

interface Current {
  readonly since: number;
  /** By the steady clock. */
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
    const latestAt = this.clock.steady();
    const current = this.#current.get(resource);
    if (current !== undefined) {
      current.latestAt = latestAt;
      current.postponed++;
      return;
    }
    this.#current.set(resource, { since: this.clock.now(), latestAt, postponed: 1 });
    this.#cancel ??= this.clock.after(QUIET_MS, () => this.#look());
    this.facts.state({ type: "shortage.began", resource, detail });
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = null;
  }

  #look(): void {
    this.#cancel = null;
    const now = this.clock.steady();
    for (const [resource, { since, latestAt, postponed }] of this.#current) {
      if (now - latestAt < QUIET_MS) continue;
      this.#current.delete(resource);
      this.facts.state({ type: "shortage.ended", resource, since, postponed });
    }
    if (this.#current.size > 0) this.#cancel = this.clock.after(QUIET_MS, () => this.#look());
  }
}
