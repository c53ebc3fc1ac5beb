/** More origins than the runtime keeps connections to. */
const ORIGINS_MAX = 1000;

/**
 * How many kept-alive connections there should be to each origin, by our own count, because the runtime does not tell
 * whether a request went over an old connection or a new one. It may be too high (whoever closes an idle connection
 * tells us nothing), but comes down with every request.
 */
export class IdleConnections {
  readonly #counts = new Map<string, number>();

  /** A request begins. True when it may go over a connection that has served another one. */
  take(origin: string): boolean {
    const count = this.#counts.get(origin) ?? 0;
    if (count === 0) return false;
    if (count === 1) this.#counts.delete(origin);
    else this.#counts.set(origin, count - 1);
    return true;
  }

  /** A connection has served its request and is open still. */
  give(origin: string): void {
    const count = this.#counts.get(origin);
    if (count === undefined && this.#counts.size >= ORIGINS_MAX) {
      this.#counts.delete(this.#counts.keys().next().value!);
    }
    this.#counts.set(origin, (count ?? 0) + 1);
  }
}
