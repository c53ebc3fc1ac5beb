import { notFound, Problem } from "../../../core/problem.ts";
import type { Clock } from "../../../ports.ts";

const REQUESTS_MAX = 60;
const WINDOW_MS = 60_000;
/**
 * Maximum number of addresses to remember. If there are more, the one whose window began first is
 * dropped.
 */
const ADDRESSES_MAX = 10_000;

interface Window {
  readonly startedAt: number;
  count: number;
}

/** Limits the requests with unknown tokens from each address. */
export class UnknownTokens {
  readonly #windows = new Map<string, Window>();

  constructor(private readonly clock: Pick<Clock, "steady">) {}

  /** Returns the error for a request with an unknown token: 404, or 429 if there were too many. */
  problemFor(address: string): Problem {
    const now = this.clock.steady();
    let window = this.#windows.get(address);
    if (window === undefined || now - window.startedAt >= WINDOW_MS) {
      window = { startedAt: now, count: 0 };
      this.#windows.delete(address);
      if (this.#windows.size >= ADDRESSES_MAX) this.#windows.delete(this.#windows.keys().next().value!);
      this.#windows.set(address, window);
    }
    if (window.count >= REQUESTS_MAX) {
      const seconds = Math.max(1, Math.ceil((window.startedAt + WINDOW_MS - now) / 1000));
      return new Problem(429, "rate_limited", "Too many requests to unknown URLs. Try again later.", seconds);
    }
    window.count++;
    return notFound();
  }
}
