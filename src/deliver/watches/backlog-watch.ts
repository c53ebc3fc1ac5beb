import type { Facts } from "../../core/fact.ts";
import type { Seq } from "../../core/id.ts";
import { OneLife } from "../../core/service.ts";
import type { Cancel, Clock } from "../../ports.ts";
import { type Housekeeping, StoreUnavailable } from "../../store/index.ts";
import type { OldestDue } from "../lanes.ts";

const LOOK_EVERY_MS_MIN = 50;
const LOOK_EVERY_MS_MAX = 15_000;
/** Looks per threshold. A backlog may be noticed this fraction of the threshold late. */
const LOOKS_PER_THRESHOLD = 4;
/**
 * Name of the stored value that lists the growing backlogs, so that a restart neither reports one
 * twice nor misses its end.
 */
const GROWING_META = "backlog-growing";

/**
 * Reports when the backlog of an environment grows, and when it has recovered. It grows when its
 * oldest due delivery has waited for longer than the threshold. It has recovered when that wait is
 * at most half of the threshold, so that a backlog around the threshold is not reported again and
 * again.
 */
export class BacklogWatch extends OneLife {
  /** Since when the backlog of an environment has been growing. */
  #growing = new Map<Seq, number>();
  /** Environments whose backlog had recovered at the latest look. A second such look is needed. */
  readonly #calm = new Set<Seq>();
  #cancel: Cancel = () => {};
  #looking: Promise<void> | null = null;

  constructor(
    private readonly clock: Clock,
    private readonly facts: Facts,
    private readonly store: { readonly housekeeping: Pick<Housekeeping, "meta"> },
    /** 0 means never look. */
    private readonly thresholdMs: number,
    private readonly oldestDue: () => ReadonlyMap<Seq, OldestDue>,
  ) {
    super();
  }

  protected async begin(): Promise<void> {
    if (this.thresholdMs === 0) return;
    this.#growing = new Map(
      JSON.parse((await this.store.housekeeping.meta.get(GROWING_META)) ?? "[]") as [Seq, number][],
    );
    this.#later();
  }

  protected async end(): Promise<void> {
    this.#cancel();
    await this.#looking;
  }

  /** Looks at every environment once. */
  async look(): Promise<void> {
    const now = this.clock.now();
    const oldest = this.oldestDue();
    const changed = [this.#findGrowing(oldest, now), this.#findRecovered(oldest, now)];
    if (!changed.includes(true)) return;
    try {
      await this.store.housekeeping.meta.set(GROWING_META, JSON.stringify([...this.#growing]));
    } catch (error) {
      // Only a restart needs it.
      if (!(error instanceof StoreUnavailable)) throw error;
    }
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
      // The backlog of an endpoint that has just been changed is invisible until it has been read
      // again.
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
