import type { Database } from "bun:sqlite";
import type { Seq } from "../../../src/core/id.ts";
import { burst } from "../../../src/core/limit.ts";
import type { DeliveryPolicy } from "../../../src/deliver/policy.ts";
import type { VirtualClock } from "../clock.ts";
import { RuleReader, type Rules } from "./rules.ts";
import type { Violation } from "./violation.ts";

/** An endpoint in this life of the program. */
interface Watched {
  /** Null while it is being changed. */
  rules: Rules | null;
  /** Changes under way. */
  changes: number;
  inFlight: number;
  /** The youngest delivery that has had its first attempt. */
  youngest: Seq;
  /** True times of the attempts of the last second. */
  starts: number[];
}

/**
 * An application with its attempts per second; null if there is no limit, or while it is being
 * changed.
 */
interface Rated {
  rate: number | null;
  changes: number;
  starts: number[];
}

/** Counts attempts under way and per second, and compares them with what is stored. */
export class Limits {
  readonly #endpoints = new Map<Seq, Watched>();
  readonly #applications = new Map<Seq, Rated>();
  readonly #rules: RuleReader;
  #inFlight = 0;

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
    this.#inFlight = 0;
  }

  /** Token buckets may be full now. */
  clockStepped(): void {
    for (const watched of this.#endpoints.values()) watched.starts = [];
    for (const rated of this.#applications.values()) rated.starts = [];
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

  /** An attempt starts. Returns the rules of its endpoint; null while they are being changed. */
  started(endpointSeq: Seq): Rules | null {
    const watched = this.#endpoint(endpointSeq);
    const { rules } = watched;
    watched.inFlight++;
    this.#inFlight++;
    if (this.#inFlight > this.policy.deliveryConcurrency) this.violation(`${this.#inFlight} attempts at once`);
    if (rules === null) return null;
    if (watched.inFlight > rules.concurrency) {
      this.violation(`${watched.inFlight} attempts at once to an endpoint that takes ${rules.concurrency}`);
    }
    const application = this.#application(rules.applicationSeq);
    this.#checkRate("an endpoint", rules.throttleRate, watched.starts);
    this.#checkRate("an application", application.rate, application.starts);
    return rules;
  }

  finished(endpointSeq: Seq): void {
    this.#endpoint(endpointSeq).inFlight--;
    this.#inFlight--;
  }

  /** A delivery has its first attempt. Returns a younger one that had it before, or null. */
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
