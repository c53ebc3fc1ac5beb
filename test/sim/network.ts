import { shortageOf } from "../../src/core/shortage.ts";
import { KeyUnavailable } from "../../src/door/keys.ts";
import type { Answer, OutgoingRequest, Resolver, Shortage, Transport } from "../../src/ports.ts";
import type { FetchedKey } from "../../src/receive/receiver.ts";
import type { VirtualClock } from "./clock.ts";
import type { Dice } from "./dice.ts";
import { JWKS } from "./sources/kinds.ts";

/** How an endpoint behaves for a while. */
export type Mood = "healthy" | "slow" | "hanging" | "failing" | "busy" | "refusing" | "redirecting" | "deaf" | "gone";

const FAULTS: readonly Mood[] = ["healthy", "slow", "hanging", "failing", "busy", "refusing", "redirecting", "deaf"];

/** Time after which the real resolver gives up a lookup, in ms. */
const LOOKUP_MS_MAX = 6000;

/** A message that an endpoint has received in full. */
export interface Arrival {
  readonly host: string;
  readonly messageId: string;
  readonly body: Uint8Array;
  /** The text in a batch that stands for a payload that is not JSON. */
  readonly text?: string;
}

/**
 * Endpoints that hang, fail or respond slowly, and a name service that fails. The network outlives
 * the program.
 */
export class Network implements Transport, Resolver {
  readonly arrivals: Arrival[] = [];
  /** Called when a request is sent. */
  onSend: (request: OutgoingRequest) => void = () => {};
  /** Called when an endpoint has received a message in full. */
  onArrival: (arrival: Arrival) => void = () => {};
  readonly #moods = new Map<string, Mood>();
  #isCalm = false;
  #hasEverything = false;

  constructor(
    private readonly clock: VirtualClock,
    private readonly dice: Dice,
    /**
     * `lookup`: chance that a lookup fails or hangs. `shortage`: chance per call that this machine
     * lacks a resource. `noKey`: chance that the key of a provider cannot be fetched.
     */
    private readonly faults: { readonly lookup: number; readonly shortage: number; readonly noKey: number },
  ) {}

  /** Makes everything work from now on, except endpoints that are gone. */
  calm(): void {
    this.#isCalm = true;
    for (const [host, mood] of this.#moods) if (mood !== "gone") this.#moods.set(host, "healthy");
  }

  /**
   * Lets only endpoints fail from now on: no lookup fails or hangs, and this machine lacks no
   * resource.
   */
  onlyEndpointsFail(): void {
    this.#hasEverything = true;
  }

  /** Whether nothing but endpoints may fail. */
  get onlyEndpointsMayFail(): boolean {
    return this.#isCalm || this.#hasEverything;
  }

  changeMood(host: string, mood: Mood = this.dice.pick(FAULTS)): void {
    if (!this.#isCalm && this.#moods.get(host) !== "gone") this.#moods.set(host, mood);
  }

  moodOf(host: string): Mood {
    return this.#moods.get(host) ?? "healthy";
  }

  resolve(_host: string, signal: AbortSignal): Promise<readonly string[] | Shortage> {
    if (this.#lacksSomething()) return Promise.resolve(SHORTAGE);
    const isFaulty = !this.onlyEndpointsMayFail && this.dice.chance(this.faults.lookup);
    const hangs = isFaulty && this.dice.chance(0.3);
    return new Promise((resolve) => {
      signal.addEventListener("abort", () => resolve([]), { once: true });
      const delayMs = hangs ? LOOKUP_MS_MAX : this.dice.below(3);
      this.clock.at(delayMs, () => resolve(isFaulty ? [] : ["93.184.216.34"]));
    });
  }

  send(request: OutgoingRequest, signal: AbortSignal): Promise<Answer | Shortage> {
    this.onSend(request);
    if (this.#lacksSomething()) return Promise.resolve(SHORTAGE);
    const host = request.url.hostname;
    return new Promise<Answer>((resolve) => {
      signal.addEventListener("abort", () => resolve(failure("timeout")), { once: true });
      this.clock.at(this.dice.between(1, 20), () => this.#react(host, request, resolve));
    });
  }

  /** Fetches the key of the provider whose keys must be fetched. */
  fetchKey(): Promise<FetchedKey> {
    const isFaulty = !this.#isCalm && this.dice.chance(this.faults.noKey);
    return new Promise((resolve, reject) => {
      const respond = () => (isFaulty ? reject(new KeyUnavailable("The provider is unavailable.")) : resolve(JWKS));
      this.clock.at(this.dice.below(this.dice.pick([3, 300])), respond);
    });
  }

  #lacksSomething(): boolean {
    return !this.onlyEndpointsMayFail && this.dice.chance(this.faults.shortage);
  }

  #react(host: string, request: OutgoingRequest, respond: (answer: Answer) => void): void {
    switch (this.moodOf(host)) {
      case "healthy":
        this.#receive(host, request);
        respond(response(this.dice.pick([200, 200, 201, 204])));
        break;
      case "slow":
        this.clock.at(this.dice.between(200, 20_000), () => {
          const status = this.dice.pick([200, 200, 503]);
          if (status === 200) this.#receive(host, request);
          respond(response(status));
        });
        break;
      case "hanging":
        break;
      case "deaf":
        // The response is lost, so the message is sent again with the same id.
        this.#receive(host, request);
        respond(failure("connection"));
        break;
      case "failing":
        respond(response(this.dice.pick([400, 404, 500, 502, 503])));
        break;
      case "busy":
        respond(response(this.dice.pick([429, 503]), String(this.dice.between(0, 5000))));
        break;
      case "refusing":
        respond(failure(this.dice.pick(["connection", "tls", "dns"] as const)));
        break;
      case "redirecting":
        respond(response(302));
        break;
      case "gone":
        respond(response(410));
        break;
    }
  }

  #receive(host: string, { headers, body }: OutgoingRequest): void {
    const messageId = headers.find(([name]) => name.toLowerCase() === "webhook-id")?.[1] ?? "";
    const messages = messageId.startsWith("batch_") ? elementsOf(body) : [{ messageId, body }];
    for (const message of messages) {
      const arrival = { host, ...message };
      this.arrivals.push(arrival);
      this.onArrival(arrival);
    }
  }
}

const HEAD =
  /(?:^\[|,)\{"id":"(?<messageId>msg_\w{27})","eventType":"[^"]*","timestamp":"[^"]*","payload":(?<payload>.*?)\}(?=\]$|,\{"id":"msg_)/gs;

/** Returns the messages of a batch with the bytes of their payloads. */
export function elementsOf(body: Uint8Array): Omit<Arrival, "host">[] {
  const text = Buffer.from(body).toString();
  const elements = [...text.matchAll(HEAD)].map(({ groups }) => groups as { messageId: string; payload: string });
  if (elements.length !== (JSON.parse(text) as unknown[]).length) throw new Error("A batch has other elements.");
  return elements.map(({ messageId, payload }) => {
    const value: unknown = JSON.parse(payload);
    return { messageId, body: Buffer.from(payload), ...(typeof value === "string" && { text: value }) };
  });
}

const SHORTAGE = shortageOf("EMFILE")!;

function response(status: number, retryAfter: string | null = null): Answer {
  return { kind: "response", status, retryAfter, body: new Uint8Array(0), note: null };
}

function failure(reason: "timeout" | "connection" | "tls" | "dns"): Answer {
  return { kind: "failure", reason, detail: reason };
}
