import { notFound, Problem } from "../../../core/problem.ts";
import type { Clock } from "../../../ports.ts";
import { AddressLimit } from "../../http/address-limit.ts";

/** Limits the requests with unknown tokens from each address. */
export class UnknownTokens {
  readonly #limit: AddressLimit;

  constructor(clock: Pick<Clock, "steady">) {
    this.#limit = new AddressLimit(clock, { max: 60, windowMs: 60_000 });
  }

  /** Returns the error for a request with an unknown token: 404, or 429 if there were too many. */
  problemFor(address: string): Problem {
    const seconds = this.#limit.waitSeconds(address);
    if (seconds !== null) {
      return new Problem(429, "rate_limited", "Too many requests to unknown URLs. Try again later.", seconds);
    }
    this.#limit.count(address);
    return notFound();
  }
}
