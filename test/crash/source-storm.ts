import type { Send } from "../support/client.ts";
import { makeEndpoint } from "../support/delivery.ts";
import { ifCutOff } from "../support/load.ts";
import type { Received, Receiver } from "../support/receiver.ts";
import { soon } from "../support/soon.ts";
import { STRIPE_SECRET, stripeSignature } from "../support/stripe.ts";

const POSTERS = 3;
/** Number of events that are sent again after each kill. */
const SENT_AGAIN = 50;
const PATHS = ["/source", "/source-fifo"] as const;
/** Time without an arrival after which the messages that have not arrived count as lost, in ms. */
const PATIENCE_MS = 60_000;
/** Longest time in which everything arrives after the last kill, in ms. */
const SETTLE_MS = 300_000;
const PAGE = 250;

/** Counts of the requests to a source. Those with a cause for complaint must be 0. */
export interface SourceOutcome {
  /** Events that got a 2xx. */
  readonly received: number;
  /** Requests that were sent again after a 2xx. */
  readonly duplicates: number;
  /** Events with a 2xx that an endpoint never got. */
  readonly lostFromSource: number;
  /** Further messages that were stored for the same events. */
  readonly storedTwice: number;
  /** Deliveries whose body differs from what was sent. */
  readonly unlikeSource: number;
  /** Deliveries to the fifo endpoint before the delivery of an earlier message. */
  readonly disorderedFromSource: number;
}

/**
 * Sends signed events to a source while the server is killed, as a provider does: an event without
 * a response is sent until it gets a 2xx. After each kill, events that already got a 2xx are sent
 * again.
 */
export class SourceStorm {
  /** Bodies of the events that got a 2xx, by id. */
  readonly #promised = new Map<string, string>();
  /** The first delivery of each message, by path and `webhook-id`, in order of arrival. */
  readonly #arrived = new Map<string, Map<string, Received>>(PATHS.map((path) => [path, new Map()]));
  readonly #posters: Promise<void>[];
  readonly #again: Promise<void>[] = [];
  #up = Promise.withResolvers<void>();
  #stopped = false;
  #duplicates = 0;

  private constructor(
    private readonly send: Send,
    private readonly app: string,
    private readonly url: () => string,
  ) {
    this.#up.resolve();
    this.#posters = Array.from({ length: POSTERS }, (_, i) => this.#post(i));
  }

  /**
   * Creates a source with two endpoints and starts to send. Other deliveries to the receiver are
   * answered as before.
   */
  static async start(send: Send, receiver: Receiver, serverUrl: string): Promise<SourceStorm> {
    const wanted = { name: "Storm", type: "stripe", config: { secret: STRIPE_SECRET } };
    const source = (await send("POST", "/ingest/api/v1/source", wanted)).json;
    const retrySchedule = Array(20).fill("100ms");
    for (const path of PATHS) {
      const ordering = path === "/source-fifo" ? "fifo" : "parallel";
      await makeEndpoint(send, source.appId, receiver.url + path, { retrySchedule, ordering });
    }
    const path = new URL(source.ingestUrl).pathname;
    const storm = new SourceStorm(send, source.appId, () => serverUrl + path);
    const others = receiver.answering;
    receiver.answering = (request) => storm.#receive(request) ?? others(request);
    return storm;
  }

  /** Must be called before the server is killed. */
  serverDown(): void {
    this.#up = Promise.withResolvers();
  }

  /** Must be called when the server is running again. Sends some events again. */
  serverUp(): void {
    this.#up.resolve();
    const latest = [...this.#promised].slice(-SENT_AGAIN);
    this.#again.push(
      Promise.all(latest.map(([id, body]) => this.#sendUntilStored(id, body, () => this.#duplicates++))).then(() => {}),
    );
  }

  /** Stops sending. The server must be running. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all([...this.#posters, ...this.#again]);
  }

  /** Waits for the deliveries and compares them with what got a 2xx. */
  async settle(): Promise<SourceOutcome> {
    let arrived = -1;
    let since = 0;
    await soon(
      () => {
        const now = PATHS.reduce((sum, path) => sum + this.#arrived.get(path)!.size, 0);
        if (now !== arrived) since = performance.now();
        arrived = now;
        return this.#lost();
      },
      (lost) => lost === 0 || performance.now() - since > PATIENCE_MS,
      SETTLE_MS,
    );
    const ids = [...this.#arrived.get("/source-fifo")!.keys()];
    return {
      received: this.#promised.size,
      duplicates: this.#duplicates,
      lostFromSource: this.#lost(),
      storedTwice: await this.#storedTwice(),
      unlikeSource: this.#deliveries().filter(({ body }) => this.#isUnlike(body.toString())).length,
      disorderedFromSource: ids.filter((id, i) => i > 0 && id < ids[i - 1]!).length,
    };
  }

  #receive(request: Received): Response | null {
    const arrived = this.#arrived.get(request.path);
    if (arrived === undefined) return null;
    if (!arrived.has(request.id)) arrived.set(request.id, request);
    return new Response(null, { status: 204 });
  }

  async #post(poster: number): Promise<void> {
    for (let n = 0; !this.#stopped; n++) {
      const id = `evt_${poster}_${n}`;
      const body = JSON.stringify({ id, type: "invoice.paid", filler: "x".repeat((n * 37) % 500) });
      await this.#sendUntilStored(id, body, () => this.#promised.set(id, body));
    }
  }

  /** Sends an event until it gets a 2xx, or until the storm is over. */
  async #sendUntilStored(id: string, body: string, onStored: () => void): Promise<void> {
    for (;;) {
      const headers = { "content-type": "application/json", ...stripeSignature(body) };
      const response = await fetch(this.url(), { method: "POST", body, headers }).catch(ifCutOff);
      await response?.arrayBuffer().catch(ifCutOff);
      if (response?.ok) {
        onStored();
        return;
      }
      if (response !== null && response.status !== 503) throw new Error(`The event ${id} got ${response.status}.`);
      await this.#up.promise;
      if (this.#stopped) return;
    }
  }

  #deliveries(): readonly Received[] {
    return PATHS.flatMap((path) => [...this.#arrived.get(path)!.values()]);
  }

  #isUnlike(body: string): boolean {
    const promised = this.#promised.get(JSON.parse(body).id);
    return promised !== undefined && promised !== body;
  }

  #lost(): number {
    return PATHS.reduce((sum, path) => {
      const ids = new Set([...this.#arrived.get(path)!.values()].map(({ body }) => JSON.parse(body.toString()).id));
      return sum + [...this.#promised.keys()].filter((id) => !ids.has(id)).length;
    }, 0);
  }

  /** Reads all messages of the source. */
  async #storedTwice(): Promise<number> {
    const ids: string[] = [];
    for (let iterator: string | null = null; ; ) {
      const at: string = iterator === null ? "" : `&iterator=${iterator}`;
      const { json } = await this.send("GET", `/app/${this.app}/msg?limit=${PAGE}&with_content=true${at}`);
      for (const { payload } of json.data) ids.push(payload.id);
      iterator = json.iterator;
      if (json.done) return ids.length - new Set(ids).size;
    }
  }
}
