import { isOutage } from "./errors.ts";

interface Waiting {
  begin(): void;
  reject(error: unknown): void;
}

/** Lets a limited number of queries run at once. The others wait in the order in which they came. */
export class Limiter {
  #running = 0;
  #waiting: Waiting[] = [];

  constructor(private readonly max: number) {}

  async run<T>(query: () => Promise<T>): Promise<T> {
    if (this.#running < this.max) this.#running++;
    else await new Promise<void>((begin, reject) => this.#waiting.push({ begin, reject }));
    try {
      return await query();
    } catch (error) {
      if (isOutage(error)) this.#rejectWaiting(error);
      throw error;
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#running--;
      else next.begin();
    }
  }

  /** If the server cannot be reached, each query that waits would find that out after a time limit of its own. */
  #rejectWaiting(error: unknown): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { reject } of waiting) reject(error);
  }
}
