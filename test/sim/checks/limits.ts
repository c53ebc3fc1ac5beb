import type { Database } from "bun:sqlite";
import { attemptsMax } from "../../../src/core/concurrency.ts";
import type { Seq } from "../../../src/core/id.ts";
import { burst } from "../../../src/core/token-bucket.ts";
import type { DeliveryPolicy } from "../../../src/deliver/policy.ts";
import { SHORT_MS } from "../../../src/deliver/watches/slow-watch.ts";
import type { VirtualClock } from "../clock.ts";
import { RuleReader, type Rules } from "./rules.ts";
import type { Violation } from "./violation.ts";

/** State of an endpoint in this life of the program. */
interface Watched {
  /** The stored rules; null during a change. */
  rules: Rules | null;
  /** Number of changes under way. */
  changes: number;
  inFlight: number;
  /** The youngest delivery that has had its first attempt. */
  youngest: Seq;
  /** True times at which the attempts of the last second began. */
  starts: number[];
}

/**
 * An application. `rate` is the number of attempts per second, or null without a limit and during a
 * change.
 */
interface Rated {
  rate: number | null;
  changes: number;
  starts: number[];
}

/** Counts attempts under way and attempts per second, and compares them with the stored limits. */
export class Limits {
  readonly #endpoints = new Map<Seq, Watched>();
  readonly #applications = new Map<Seq, Rated>();
  readonly #rules: RuleReader;
  /** True start times of the attempts under way, by delivery. The latest start is last. */
  readonly #inFlight = new Map<Seq, number>();
  /** The deliveries under way of each batch. A batch counts once, for the first of them. */
  readonly #batches = new Map<Seq, Set<Seq>>();

  constructor(
    db: Database,
    private readonly clock: VirtualClock,
    private readonly policy: DeliveryPolicy,
    private readonly violation: Violation,
  ) {
    this.#rules = new RuleReader(db, policy);
  }

  programStarted(): void {
    this.#endpoints.clear();
    this.#applications.clear();
    this.#inFlight.clear();
    this.#batches.clear();
  }

  endpointChanging(seq: Seq): void {
    const watched = this.#endpoint(seq);
    watched.rules = null;
    watched.changes++;
  }

  endpointChanged(seq: Seq): void {
    const watched = this.#endpoint(seq);
    if (--watched.changes > 0) return;
    watched.changes = 0;
    watched.rules = this.#rules.ofEndpoint(seq);
    watched.starts = [];
  }

  applicationChanging(seq: Seq): void {
    const rated = this.#application(seq);
    rated.rate = null;
    rated.changes++;
  }

  applicationChanged(seq: Seq): void {
    const rated = this.#application(seq);
    if (--rated.changes > 0) return;
    rated.changes = 0;
    rated.rate = this.#rules.rateOfApplication(seq);
    rated.starts = [];
  }

  /**
   * Records the start of an attempt. Returns the rules of its endpoint, or null during a change.
   */
  started(endpointSeq: Seq, deliverySeq: Seq, batchSeq: Seq | null): Rules | null {
    const watched = this.#endpoint(endpointSeq);
    const { rules } = watched;
    if (batchSeq !== null) {
      const members = this.#batches.getOrInsertComputed(batchSeq, () => new Set());
      members.add(deliverySeq);
      if (members.size > 1) return rules;
    }
    watched.inFlight++;
    this.#inFlight.set(deliverySeq, this.clock.now);
    this.#checkConcurrency();
    if (rules === null) return null;
    if (watched.inFlight > rules.concurrency) {
      this.violation(`${watched.inFlight} attempts at once to an endpoint that takes ${rules.concurrency}`);
    }
    const application = this.#application(rules.applicationSeq);
    this.#checkRate("an endpoint", rules.throttleRate, watched.starts);
    this.#checkRate("an application", application.rate, application.starts);
    return rules;
  }

  finished(endpointSeq: Seq, deliverySeq: Seq, batchSeq: Seq | null): void {
    if (batchSeq !== null) {
      const members = this.#batches.get(batchSeq)!;
      this.#inFlight.delete(deliverySeq);
      members.delete(deliverySeq);
      if (members.size > 0) return;
      this.#batches.delete(batchSeq);
    }
    this.#endpoint(endpointSeq).inFlight--;
    this.#inFlight.delete(deliverySeq);
  }

  /**
   * Checks the number of attempts. A recent attempt holds a slot; an older attempt returns its slot
   * when others wait for one.
   */
  #checkConcurrency(): void {
    const { deliveryConcurrency } = this.policy;
    if (this.#inFlight.size > attemptsMax(deliveryConcurrency))
      this.violation(`${this.#inFlight.size} attempts at once`);
    const young = [...this.#inFlight.values()].filter((at) => at > this.clock.now - SHORT_MS).length;
    if (young > deliveryConcurrency) this.violation(`${young} attempts at once that hold a slot`);
  }

  /**
   * Records the first attempt of a delivery. Returns a younger delivery whose first attempt came
   * earlier; null if there is none.
   */
  firstAttempt(endpointSeq: Seq, deliverySeq: Seq): Seq | null {
    const watched = this.#endpoint(endpointSeq);
    const younger = deliverySeq < watched.youngest ? watched.youngest : null;
    watched.youngest = deliverySeq;
    return younger;
  }

  #endpoint(seq: Seq): Watched {
    let watched = this.#endpoints.get(seq);
    if (watched === undefined) {
      watched = { rules: this.#rules.ofEndpoint(seq), changes: 0, inFlight: 0, youngest: 0, starts: [] };
      this.#endpoints.set(seq, watched);
    }
    return watched;
  }

  #application(seq: Seq): Rated {
    let rated = this.#applications.get(seq);
    if (rated === undefined) {
      rated = { rate: this.#rules.rateOfApplication(seq), changes: 0, starts: [] };
      this.#applications.set(seq, rated);
    }
    return rated;
  }

  #checkRate(what: string, rate: number | null, starts: number[]): void {
    if (rate === null) return;
    starts.push(this.clock.now);
    while (starts[0]! < this.clock.now - 1000) starts.shift();
    if (starts.length > rate + burst(rate)) {
      this.violation(`${starts.length} attempts within a second to ${what} that takes ${rate}/s`);
    }
  }
}
