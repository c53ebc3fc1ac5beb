import type { FactOf } from "../core/fact.ts";
import type { Facts } from "../core/facts.ts";
import type { Seq } from "../core/id.ts";
import type { StoreTotals } from "../store/index.ts";

/** The counts of one environment. */
export interface Numbers {
  /** Number of messages accepted since the server started. */
  accepted: number;
  /** Number of successful deliveries since the server started. */
  delivered: number;
  /** Number of deliveries that wait for an attempt. */
  pending: number;
  /** Number of dead letters. */
  dead: number;
}

const COUNTED = [
  "message.accepted",
  "attempt.finished",
  "deliveries.buried",
  "deliveries.cancelled",
  "deliveries.redriven",
  "deadletters.dropped",
  "delivery.resent",
  "deliveries.resent",
  "messages.expunged",
  "application.arrived",
] as const;

/**
 * Counts deliveries per environment from facts, so that no rows of the store have to be counted.
 */
export class Tally {
  readonly #environments = new Map<Seq, Numbers>();

  /** `totals` are the counts in the store at the start. */
  constructor(totals: readonly StoreTotals[]) {
    for (const { environmentSeq, pending, dead } of totals) {
      this.#environments.set(environmentSeq, { accepted: 0, delivered: 0, pending, dead });
    }
  }

  of(environmentSeq: Seq): Numbers {
    let numbers = this.#environments.get(environmentSeq);
    if (numbers === undefined) {
      numbers = { accepted: 0, delivered: 0, pending: 0, dead: 0 };
      this.#environments.set(environmentSeq, numbers);
    }
    return numbers;
  }

  /** Returns the sum of one count over all environments. */
  sum(of: keyof Numbers): number {
    let sum = 0;
    for (const numbers of this.#environments.values()) sum += numbers[of];
    return sum;
  }

  /** Replaces the counts of what is in the store now, because other processes have changed it. */
  correct(totals: readonly StoreTotals[]): void {
    for (const numbers of this.#environments.values()) Object.assign(numbers, { pending: 0, dead: 0 });
    for (const { environmentSeq, pending, dead } of totals) Object.assign(this.of(environmentSeq), { pending, dead });
  }

  /** Starts counting. */
  listenTo(facts: Facts): void {
    facts.on(COUNTED, (fact) => this.#count(fact));
  }

  #count(fact: FactOf<(typeof COUNTED)[number]>): void {
    switch (fact.type) {
      case "message.accepted": {
        const numbers = this.of(fact.environmentSeq);
        numbers.accepted++;
        numbers.pending += fact.deliveries;
        break;
      }
      case "attempt.finished":
        if (fact.next === "delivered" || fact.next === "dead" || fact.next === "cancelled") {
          const numbers = this.of(fact.environmentSeq);
          numbers[fact.was]--;
          if (fact.next !== "cancelled") numbers[fact.next]++;
        }
        break;
      case "deliveries.buried": {
        const numbers = this.of(fact.environmentSeq);
        numbers.pending -= fact.count;
        if (fact.state === "dead") numbers.dead += fact.count;
        break;
      }
      case "deliveries.cancelled":
        this.of(fact.environmentSeq).pending -= fact.count;
        break;
      case "deliveries.redriven": {
        const numbers = this.of(fact.environmentSeq);
        numbers.dead -= fact.count;
        numbers.pending += fact.count;
        break;
      }
      case "deadletters.dropped":
        this.of(fact.environmentSeq).dead -= fact.count;
        break;
      case "delivery.resent": {
        const numbers = this.of(fact.environmentSeq);
        if (fact.was !== "pending") numbers.pending++;
        if (fact.was === "dead") numbers.dead--;
        break;
      }
      case "deliveries.resent": {
        const numbers = this.of(fact.environmentSeq);
        const { none, delivered, dead, cancelled } = fact.was;
        numbers.pending += none + delivered + dead + cancelled;
        numbers.dead -= dead;
        break;
      }
      case "messages.expunged":
        this.of(fact.environmentSeq).pending -= fact.cancelled;
        break;
      case "application.arrived": {
        const numbers = this.of(fact.environmentSeq);
        numbers.pending += fact.pending;
        numbers.dead += fact.dead;
        break;
      }
    }
  }
}
