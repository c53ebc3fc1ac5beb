import type { ConnectionTarget } from "./target.ts";

/** Maximum number of targets to remember. Above it, the one that failed first is forgotten. */
const TARGETS_MAX = 10_000;
/** Time that a target is avoided after its first failure, in ms. It doubles with each further one. */
const PAUSE_MS_MIN = 30_000;
const PAUSE_MS_MAX = 10 * 60_000;

interface Failed {
  avoidedUntil: number;
  pauseMs: number;
}

/**
 * Remembers the targets to which no connection could be opened, so that requests that have a choice
 * use the targets that work. After a pause, one request tries a failed target again.
 */
export class FailedTargets {
  readonly #failed = new Map<string, Failed>();

  /** `now` returns ms of a clock that never steps back. */
  constructor(private readonly now: () => number = () => performance.now()) {}

  get size(): number {
    return this.#failed.size;
  }

  /** Returns the targets with those to avoid at the end. */
  order(targets: readonly ConnectionTarget[]): readonly ConnectionTarget[] {
    if (this.#failed.size === 0) return targets;
    const avoided = targets.filter((target) => this.#isAvoided(target));
    if (avoided.length === 0 || avoided.length === targets.length) return this.#tryFirst(targets);
    return this.#tryFirst([...targets.filter((target) => !avoided.includes(target)), ...avoided]);
  }

  addFailed({ key }: ConnectionTarget): void {
    const before = this.#failed.get(key);
    const pauseMs = before === undefined ? PAUSE_MS_MIN : Math.min(before.pauseMs * 2, PAUSE_MS_MAX);
    this.#failed.delete(key);
    if (this.#failed.size >= TARGETS_MAX) this.#failed.delete(this.#failed.keys().next().value!);
    this.#failed.set(key, { avoidedUntil: this.now() + pauseMs, pauseMs });
  }

  /** A connection to the target was opened. */
  addWorking({ key }: ConnectionTarget): void {
    if (this.#failed.size > 0) this.#failed.delete(key);
  }

  #isAvoided({ key }: ConnectionTarget): boolean {
    const failed = this.#failed.get(key);
    return failed !== undefined && this.now() < failed.avoidedUntil;
  }

  /** If the first target has failed before, the other requests avoid it until the result is known. */
  #tryFirst(targets: readonly ConnectionTarget[]): readonly ConnectionTarget[] {
    const first = this.#failed.get(targets[0]!.key);
    if (first !== undefined) first.avoidedUntil = Math.max(first.avoidedUntil, this.now() + first.pauseMs);
    return targets;
  }
}
