import { Problem } from "../../../core/problem.ts";
import type { Clock } from "../../../ports.ts";
import { AddressLimit } from "../../http/address-limit.ts";

/** Limits the failed logins from each address. */
export class FailedLogins {
  readonly #limit: AddressLimit;

  constructor(clock: Pick<Clock, "steady">) {
    this.#limit = new AddressLimit(clock, { max: 10, windowMs: 60_000 });
  }

  /**
   * Runs a login and counts it if it fails because of the caller. Throws 429 without running it if
   * the address has failed too often.
   */
  async check<Result>(address: string, login: () => Promise<Result>): Promise<Result> {
    const seconds = this.#limit.waitSeconds(address);
    if (seconds !== null) {
      throw new Problem(429, "rate_limited", "Too many failed logins from this address. Try again later.", seconds);
    }
    try {
      return await login();
    } catch (error) {
      if (error instanceof Problem && error.status < 500) this.#limit.count(address);
      throw error;
    }
  }
}
