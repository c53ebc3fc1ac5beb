import type { Facts } from "../../core/facts.ts";
import type { Seq } from "../../core/id.ts";
import { OneLife } from "../../core/service.ts";
import type { Cancel, Clock } from "../../ports.ts";
import { type Housekeeping, StoreUnavailable } from "../../store/index.ts";
import type { OldestDue } from "../lanes.ts";

const LOOK_EVERY_MS_MIN = 50;
const LOOK_EVERY_MS_MAX = 15_000;
/**
 * Number of checks per threshold. A backlog may be detected late, by up to the time between two
 * checks.
 */
const LOOKS_PER_THRESHOLD = 4;
/**
 * Name of the stored value that lists the growing backlogs. It ensures that a restart neither
 * reports a backlog twice nor misses its recovery.
 */
const GROWING_META = "backlog-growing";

/**
 * Reports when an environment's backlog grows and when it has recovered. A backlog grows when its
 * oldest due delivery has waited for longer than the threshold. It has recovered when that wait is
 * at most half of the threshold, so that a backlog near the threshold is not reported repeatedly.
 */
export class BacklogWatch extends OneLife {
  /** Whether this process led at the latest check. */
  #leads = false;
  /** Time since which each environment's backlog has been growing. */
  #growing = new Map<Seq, number>();
  /**
   * Environments whose backlog had recovered at the latest check. Recovery is reported after a
   * second such check.
   */
  readonly #calm = new Set<Seq>();
  /** The oldest due delivery of each environment at the latest check. */
  #oldest: ReadonlyMap<Seq, OldestDue> = new Map();
  #cancel: Cancel = () => {};
  #looking: Promise<void> | null = null;

  constructor(
    private readonly clock: Clock,
    private readonly facts: Facts,
    private readonly store: { readonly housekeeping: Pick<Housekeeping, "meta" | "leads"> },
    /** The threshold in ms; 0 means never check. */
    private readonly thresholdMs: number,
    /** Returns the oldest due delivery of each environment, at least of those that have waited for `ageMs`. */
    private readonly oldestDue: (ageMs: number) => Promise<ReadonlyMap<Seq, OldestDue>>,
  ) {
    super();
  }

  protected async begin(): Promise<void> {
    if (this.thresholdMs === 0) return;
    await this.#becomeLeader();
    this.#later();
  }

  protected async end(): Promise<void> {
    this.#cancel();
    await this.#looking;
  }

  /** Returns the time since which the backlog of an environment has been growing, or null. */
  growingSince(environmentSeq: Seq): number | null {
    return this.#growing.get(environmentSeq) ?? null;
  }

  /** Returns the oldest due delivery of an environment at the latest check, or null if it is not known. */
  oldestDueIn(environmentSeq: Seq): OldestDue | null {
    return this.#oldest.get(environmentSeq) ?? null;
  }

  /** Reads the growing backlogs that the process that led before knew. Returns whether this one leads. */
  async #becomeLeader(): Promise<boolean> {
    const { housekeeping } = this.store;
    const leads = await housekeeping.leads();
    if (leads && !this.#leads) {
      this.#growing = new Map(JSON.parse((await housekeeping.meta.get(GROWING_META)) ?? "[]") as [Seq, number][]);
    }
    this.#leads = leads;
    return leads;
  }

  /** Checks every environment once, unless another process does. */
  async look(): Promise<void> {
    try {
      if (await this.#becomeLeader()) await this.#check();
    } catch (error) {
      // The next look reads everything again.
      if (!(error instanceof StoreUnavailable)) throw error;
    }
  }

  async #check(): Promise<void> {
    const oldest = await this.oldestDue(this.thresholdMs / 2);
    this.#oldest = oldest;
    const now = this.clock.now();
    const changed = [this.#findGrowing(oldest, now), this.#findRecovered(oldest, now)];
    if (!changed.includes(true)) return;
    // The stored value is needed only after a restart.
    await this.store.housekeeping.meta.set(GROWING_META, JSON.stringify([...this.#growing]));
  }

  #findGrowing(oldest: ReadonlyMap<Seq, OldestDue>, now: number): boolean {
    const { thresholdMs } = this;
    let changed = false;
    for (const [environmentSeq, { dueAt, endpoint }] of oldest) {
      if (now - dueAt <= thresholdMs || this.#growing.has(environmentSeq)) continue;
      this.#growing.set(environmentSeq, now);
      changed = true;
      const { seq: endpointSeq, applicationSeq } = endpoint;
      const where = { environmentSeq, applicationSeq, endpointSeq };
      this.facts.state({ type: "backlog.growing", ...where, oldestDueAt: dueAt, thresholdMs });
    }
    return changed;
  }

  #findRecovered(oldest: ReadonlyMap<Seq, OldestDue>, now: number): boolean {
    const { thresholdMs } = this;
    let changed = false;
    for (const [environmentSeq, growingSince] of this.#growing) {
      const isCalm = now - (oldest.get(environmentSeq)?.dueAt ?? now) <= thresholdMs / 2;
      // The backlog of an endpoint that has just been changed is invisible until the endpoint has
      // been read again.
      if (!isCalm || !this.#calm.has(environmentSeq)) {
        if (isCalm) this.#calm.add(environmentSeq);
        else this.#calm.delete(environmentSeq);
        continue;
      }
      this.#calm.delete(environmentSeq);
      this.#growing.delete(environmentSeq);
      changed = true;
      this.facts.state({ type: "backlog.recovered", environmentSeq, growingSince, thresholdMs });
    }
    return changed;
  }

  #later(): void {
    if (this.isStopping) return;
    const everyMs = Math.min(LOOK_EVERY_MS_MAX, Math.max(LOOK_EVERY_MS_MIN, this.thresholdMs / LOOKS_PER_THRESHOLD));
    this.#cancel = this.clock.after(everyMs, () => {
      this.#looking = this.look().finally(() => this.#later());
    });
  }
}
