import type { Answer, OutgoingRequest, Resolver, Transport } from "../../src/ports.ts";
import type { VirtualClock } from "./clock.ts";
import type { Dice } from "./dice.ts";

/** How an endpoint behaves for a while. */
export type Mood = "healthy" | "slow" | "hanging" | "failing" | "busy" | "refusing" | "redirecting" | "deaf" | "gone";

const FAULTS: readonly Mood[] = ["healthy", "slow", "hanging", "failing", "busy", "refusing", "redirecting", "deaf"];

export interface Arrival {
  readonly host: string;
  readonly messageId: string;
  readonly timestampSeconds: number;
  readonly signature: string;
  readonly body: Uint8Array;
  readonly at: number;
}

/** Endpoints that hang, fail, answer slowly or not at all, and a name service that forgets. Nothing here belongs to the process. */
export class Network implements Transport, Resolver {
  readonly arrivals: Arrival[] = [];
  /** Called when a request sets out: checks of order and limits hang here. */
  onSend: (request: OutgoingRequest) => void = () => {};
  onEnd: (request: OutgoingRequest) => void = () => {};
  readonly #moods = new Map<string, Mood>();
  #calm = false;

  constructor(
    private readonly clock: VirtualClock,
    private readonly dice: Dice,
  ) {}

  /** From now on everything works. Those that are gone stay so. */
  calm(): void {
    this.#calm = true;
    for (const [host, mood] of this.#moods) if (mood !== "gone") this.#moods.set(host, "healthy");
  }

  changeMood(host: string, mood: Mood = this.dice.pick(FAULTS)): void {
    if (!this.#calm && this.#moods.get(host) !== "gone") this.#moods.set(host, mood);
  }

  moodOf(host: string): Mood {
    return this.#moods.get(host) ?? "healthy";
  }

  resolve(_host: string, signal: AbortSignal): Promise<readonly string[]> {
    const fails = !this.#calm && this.dice.chance(0.02);
    const hangs = !this.#calm && this.dice.chance(0.01);
    return new Promise((resolve) => {
      signal.addEventListener("abort", () => resolve([]), { once: true });
      if (!hangs) this.clock.at(this.dice.below(3), () => resolve(fails ? [] : ["93.184.216.34"]));
    });
  }

  send(request: OutgoingRequest, signal: AbortSignal): Promise<Answer> {
    this.onSend(request);
    const host = request.url.hostname;
    return new Promise<Answer>((resolve) => {
      let open = true;
      const answer = (value: Answer) => {
        if (!open) return;
        open = false;
        this.onEnd(request);
        resolve(value);
      };
      signal.addEventListener("abort", () => answer(failure("timeout")), { once: true });
      this.clock.at(this.dice.between(1, 20), () => this.#react(host, request, answer));
    });
  }

  #react(host: string, request: OutgoingRequest, answer: (value: Answer) => void): void {
    switch (this.moodOf(host)) {
      case "healthy":
        this.#receive(host, request);
        answer(response(this.dice.pick([200, 200, 201, 204])));
        break;
      case "slow": {
        const delayMs = this.dice.between(200, 20_000);
        this.clock.at(delayMs, () => {
          this.#receive(host, request);
          answer(response(200));
        });
        break;
      }
      case "hanging":
        break;
      case "deaf":
        // Takes it in but the answer is lost: it will come again with the same id.
        this.#receive(host, request);
        answer(failure("connection"));
        break;
      case "failing":
        answer(response(this.dice.pick([400, 404, 500, 502, 503])));
        break;
      case "busy":
        answer(response(this.dice.pick([429, 503]), String(this.dice.between(0, 5000))));
        break;
      case "refusing":
        answer(failure(this.dice.pick(["connection", "tls", "dns"] as const)));
        break;
      case "redirecting":
        answer(response(302));
        break;
      case "gone":
        answer(response(410));
        break;
    }
  }

  #receive(host: string, request: OutgoingRequest): void {
    const header = (name: string) => request.headers.find(([key]) => key.toLowerCase() === name)?.[1] ?? "";
    this.arrivals.push({
      host,
      messageId: header("webhook-id"),
      timestampSeconds: Number(header("webhook-timestamp")),
      signature: header("webhook-signature"),
      body: request.body,
      at: this.clock.now,
    });
  }
}

function response(status: number, retryAfter: string | null = null): Answer {
  return { kind: "response", status, retryAfter, body: new Uint8Array(0), note: null };
}

function failure(reason: "timeout" | "connection" | "tls" | "dns"): Answer {
  return { kind: "failure", reason, detail: reason };
}
