import type { Seq } from "../../../core/id.ts";
import { Problem } from "../../../core/problem.ts";
import { isOutage } from "./errors.ts";

/** For whom a query runs: an environment, or the work of the server itself. */
export type Party = Seq | "server";

/** How many queries of one party may wait. */
const WAITING_MAX = 100;
const RETRY_AFTER_SECONDS = 5;

interface Waiting {
  begin(): void;
  reject(error: unknown): void;
}

/** Runs the queries of surveys, a limited number at once. The parties whose queries wait take turns. */
export class SurveyRunner {
  #running = 0;
  /** The waiting queries by party. The first party is the next one. */
  readonly #waiting = new Map<Party, Waiting[]>();

  constructor(private readonly max: number) {}

  /** Runs a query when its turn has come. Rejects with a 503 if too many of its party wait. */
  async run<T>(party: Party, query: () => Promise<T>): Promise<T> {
    if (this.#running < this.max) this.#running++;
    else await this.#turn(party);
    try {
      return await query();
    } catch (error) {
      if (isOutage(error)) this.#rejectWaiting(error);
      throw error;
    } finally {
      this.#beginNext();
    }
  }

  #turn(party: Party): Promise<void> {
    const own = this.#waiting.get(party) ?? [];
    if (own.length >= WAITING_MAX) throw tooMany();
    this.#waiting.set(party, own);
    return new Promise((begin, reject) => own.push({ begin, reject }));
  }

  #beginNext(): void {
    const next = this.#waiting.entries().next().value;
    if (next === undefined) {
      this.#running--;
      return;
    }
    const [party, own] = next;
    const { begin } = own.shift()!;
    this.#waiting.delete(party);
    if (own.length > 0) this.#waiting.set(party, own);
    begin();
  }

  /** If the server cannot be reached, each query that waits would find that out after a time limit of its own. */
  #rejectWaiting(error: unknown): void {
    const waiting = [...this.#waiting.values()].flat();
    this.#waiting.clear();
    for (const { reject } of waiting) reject(error);
  }
}

function tooMany(): Problem {
  const detail = "Too many searches and summaries are waiting for the database. Try again later.";
  return new Problem(503, "overloaded", detail, RETRY_AFTER_SECONDS);
}
