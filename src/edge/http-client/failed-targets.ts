import type { ConnectionTarget } from "./target.ts";

/**
 * Maximum number of targets to remember. If there are more, the target that failed first is
 * forgotten.
 */
const TARGETS_MAX = 10_000;
/**
 * How long a target is avoided after its first failure, in ms. The time doubles with each further
 * failure.
 */
const PAUSE_MS_MIN = 30_000;
const PAUSE_MS_MAX = 10 * 60_000;

interface Failed {
  avoidedUntil: number;
  pauseMs: number;
}

/**
 * Remembers the targets to which no connection could be opened. Requests that have other targets
 * avoid these. After a pause, one request tries a failed target again.
 */
export class FailedTargets {
  readonly #failed = new Map<string, Failed>();
  /** Targets to which a connection was opened and none has failed since. */
  readonly #working = new Set<string>();

  /** `now` returns the time in ms of a clock that never steps back. */
  constructor(private readonly now: () => number = () => performance.now()) {}

  get size(): number {
    return this.#failed.size;
  }

  /** Returns the targets, with those to avoid at the end. */
  order(targets: readonly ConnectionTarget[]): readonly ConnectionTarget[] {
    if (this.#failed.size === 0) return targets;
    const avoided = targets.filter((target) => this.#isAvoided(target));
    if (avoided.length === 0 || avoided.length === targets.length) return this.#tryFirst(targets);
    return this.#tryFirst([...targets.filter((target) => !avoided.includes(target)), ...avoided]);
  }

  /**
   * Returns the first `countMax` targets in this order. If none of them is known to work, the last
   * place goes to one that is, so that a request does not fail while a working target is known.
   */
  route(targets: readonly ConnectionTarget[], countMax: number): readonly ConnectionTarget[] {
    const ordered = this.order(targets);
    if (ordered.length <= countMax) return ordered;
    const route = ordered.slice(0, countMax);
    if (route.some(({ key }) => this.#working.has(key))) return route;
    const working = ordered.find(({ key }) => this.#working.has(key));
    if (working !== undefined) route[countMax - 1] = working;
    return route;
  }

  addFailed({ key }: ConnectionTarget): void {
    this.#working.delete(key);
    const before = this.#failed.get(key);
    const pauseMs = before === undefined ? PAUSE_MS_MIN : Math.min(before.pauseMs * 2, PAUSE_MS_MAX);
    this.#failed.delete(key);
    if (this.#failed.size >= TARGETS_MAX) this.#failed.delete(this.#failed.keys().next().value!);
    this.#failed.set(key, { avoidedUntil: this.now() + pauseMs, pauseMs });
  }

  /** Records that a connection to the target was opened. */
  addWorking({ key }: ConnectionTarget): void {
    if (this.#failed.size > 0) this.#failed.delete(key);
    if (this.#working.size >= TARGETS_MAX) this.#working.delete(this.#working.keys().next().value!);
    this.#working.add(key);
  }

  #isAvoided({ key }: ConnectionTarget): boolean {
    const failed = this.#failed.get(key);
    return failed !== undefined && this.now() < failed.avoidedUntil;
  }

  /**
   * If the first target has failed before, makes other requests avoid it until the result of this
   * request is known.
   */
  #tryFirst(targets: readonly ConnectionTarget[]): readonly ConnectionTarget[] {
    const first = this.#failed.get(targets[0]!.key);
    if (first !== undefined) first.avoidedUntil = Math.max(first.avoidedUntil, this.now() + first.pauseMs);
    return targets;
  }
}
