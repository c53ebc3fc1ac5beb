import type { Received } from "../support/receiver.ts";
import { ROOT_TOKEN } from "../support/server.ts";

/** How long a request to an instance may take, in ms. A suspended process never responds. */
const REQUEST_MS = 3000;
/** Pause after each message, in ms. */
const PAUSE_MS = 25;

/** A lane that gets one message after another, each only after the one before was accepted. */
export class Conversation {
  /** When each message was accepted, by the steady clock. */
  readonly acceptedAt: number[] = [];
  /** Numbers of messages that have arrived. */
  readonly arrived = new Set<number>();
  /** Arrivals of messages that had arrived before. */
  duplicates = 0;
  /** Messages that arrived for the first time after a later one. */
  disordered = 0;
  /** Requests that were not accepted, by what happened. */
  readonly refusals = new Map<string, number>();
  #latest = -1;
  #isStopped = false;
  #running: Promise<void> | null = null;
  #onArrival = () => {};

  constructor(
    readonly name: string,
    readonly isOrdered: boolean,
    private readonly app: string,
    /** Returns the URL of any instance. */
    private readonly anyUrl: () => string,
  ) {}

  start(): void {
    this.#running = this.#talk();
  }

  /** Numbers of messages that were accepted: those below. */
  get accepted(): number {
    return this.acceptedAt.length;
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#running;
  }

  async #talk(): Promise<void> {
    while (!this.#isStopped) {
      if (await this.#send(this.accepted)) this.acceptedAt.push(performance.now());
      await Bun.sleep(PAUSE_MS);
    }
  }

  /** A message that may have been accepted is sent again with the same id, perhaps to another instance. */
  async #send(number: number): Promise<boolean> {
    const body = { eventType: "said", eventId: `${this.name}-${number}`, channels: [this.name], payload: { number } };
    let outcome: string;
    try {
      const response = await fetch(`${this.anyUrl()}/api/v1/app/${this.app}/msg`, {
        method: "POST",
        headers: { authorization: `Bearer ${ROOT_TOKEN}` },
        body: JSON.stringify(body),
        signal: AbortSignal.timeout(REQUEST_MS),
      });
      await response.arrayBuffer();
      if (response.status === 202 || response.status === 409) return true;
      outcome = String(response.status);
    } catch (error) {
      outcome = error instanceof Error ? ((error as { code?: string }).code ?? error.name) : String(error);
    }
    this.refusals.set(outcome, (this.refusals.get(outcome) ?? 0) + 1);
    return false;
  }

  hear({ body }: Received): void {
    const { number } = JSON.parse(body.toString()) as { number: number };
    if (this.arrived.has(number)) this.duplicates++;
    else {
      if (number < this.#latest) this.disordered++;
      this.arrived.add(number);
      this.#latest = Math.max(this.#latest, number);
    }
    this.#onArrival();
  }

  /** Number of accepted messages that have not arrived. */
  get missing(): number {
    let missing = 0;
    for (let number = 0; number < this.accepted; number++) if (!this.arrived.has(number)) missing++;
    return missing;
  }

  /** Resolves as soon as `isDone` returns true. Rejects after `withinMs`. */
  until(what: string, withinMs: number, isDone: () => boolean): Promise<void> {
    if (isDone()) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#onArrival = () => {};
        const { accepted, missing, arrived } = this;
        const state = JSON.stringify({ accepted, missing, arrived: arrived.size, refusals: [...this.refusals] });
        reject(new Error(`${this.name}: ${what} did not come within ${withinMs / 1000} s: ${state}`));
      }, withinMs);
      this.#onArrival = () => {
        if (!isDone()) return;
        clearTimeout(timer);
        this.#onArrival = () => {};
        resolve();
      };
    });
  }
}
