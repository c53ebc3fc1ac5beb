import { type Answer, makeApplication, type Send } from "../support/client.ts";
import { makeEndpoint } from "../support/delivery.ts";
import { ifCutOff, Load } from "../support/load.ts";
import type { Receiver } from "../support/receiver.ts";
import { soon } from "../support/soon.ts";
import { PATHS, type Path, Receipts } from "./model.ts";

const POSTERS = 8;
/** Time without an arrival after which the messages that have not arrived count as lost, in ms. */
export const PATIENCE_MS = 60_000;
/** Longest time in which everything arrives after the last kill, in ms. */
const SETTLE_MS = 300_000;
const REDRIVE_RATE = 10_000;
/** Number of messages between two rounds of operations. */
const OPERATE_EVERY = 50;

/**
 * Counts of a finished storm. `lost`, `unlike`, `disordered` and `undone` must be 0; the rest is
 * informative.
 */
export interface Outcome {
  /** Messages that got a 2xx. */
  readonly accepted: number;
  /** Messages that were stored although no response reached the sender. */
  readonly unanswered: number;
  /** Successful deliveries at all five endpoints, each counted once. */
  readonly arrived: number;
  /** Successful deliveries of messages that had already arrived. */
  readonly again: number;
  /** Accepted messages that an endpoint never got. */
  readonly lost: number;
  /** Deliveries whose body or `webhook-id` differs from what was accepted. */
  readonly unlike: number;
  /** Deliveries to the fifo endpoint that succeeded before the delivery of an earlier message. */
  readonly disordered: number;
  /** Acknowledged expunges and deletions of endpoints that were undone by a kill. */
  readonly undone: number;
  readonly expunged: number;
  readonly deleted: number;
  readonly redrives: number;
  readonly replays: number;
}

/**
 * A load of messages, retries, fifo deliveries, dead letters, redrives, replays, expunges and
 * endpoint deletions. It continues while the server is killed and records what the server
 * acknowledged.
 */
export class Storm {
  readonly load: Load;
  readonly #expunged = new Set<string>();
  readonly #deleted = new Set<string>();
  readonly #since = new Date().toISOString();
  #redrives = 0;
  #replays = 0;
  #stopped = false;
  readonly #operator: Promise<void>;

  private constructor(
    private readonly send: Send,
    private readonly receipts: Receipts,
    private readonly url: string,
    private readonly app: string,
    private readonly endpoints: ReadonlyMap<Path, string>,
  ) {
    this.load = new Load(send, app, POSTERS);
    this.#operator = this.#operate();
  }

  /** Creates the application and its endpoints and starts the load. The server must be running. */
  static async start(send: Send, receiver: Receiver): Promise<Storm> {
    const receipts = new Receipts();
    receiver.answering = receipts.answering;
    const app = await makeApplication(send);
    for (const name of ["load", "nobody"]) await send("POST", "/event-type", { name, description: "" });
    const endpoints = new Map<Path, string>();
    for (const path of PATHS) {
      // The late endpoint gets its messages by replays, so it is subscribed to `load` only some of
      // the time.
      const eventTypes = [path === "/late" ? "nobody" : "load"];
      // Without retries, every message to the broken endpoint immediately becomes a dead letter.
      const retrySchedule = path === "/broken" ? [] : Array(20).fill("100ms");
      const ordering = path === "/fifo" ? "fifo" : "parallel";
      endpoints.set(path, await makeEndpoint(send, app, receiver.url + path, { eventTypes, retrySchedule, ordering }));
    }
    return new Storm(send, receipts, receiver.url, app, endpoints);
  }

  /** Must be called before the server is killed. */
  serverDown(): void {
    this.load.serverDown();
  }

  serverUp(): void {
    this.load.serverUp();
  }

  /** Stops the load and the operations. The server must be running or be started later. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.load.stop();
    await this.#operator;
  }

  /**
   * Repairs the broken endpoint, redrives its dead letters and replays everything to the late
   * endpoint. Then compares what arrived with what was acknowledged. The storm must have been
   * stopped and the server must be running.
   */
  async settle(): Promise<Outcome> {
    this.receipts.repaired = true;
    await this.#subscribeLate("load");
    await this.#replayMissing();
    const isStuck = this.#progressWatch();
    // An attempt that was under way during the repair may still end as a dead letter.
    for (let left = Number.POSITIVE_INFINITY; left > 0 && !isStuck(); ) {
      await this.#redrive();
      await soon(
        () => this.#tasksRunning(),
        (running) => running === 0 || isStuck(),
        SETTLE_MS,
      );
      left = (await this.send("GET", "/dead-letter/summary")).json.total;
    }
    await soon(
      () => this.#missing(),
      (missing) => missing === 0 || isStuck(),
      SETTLE_MS,
    );
    return this.#outcome();
  }

  /** Returns a function that returns true once nothing has arrived for `PATIENCE_MS`. */
  #progressWatch(): () => boolean {
    let arrived = -1;
    let since = 0;
    return () => {
      const now = PATHS.reduce((sum, path) => sum + this.receipts.at(path).size, 0);
      if (now !== arrived) since = performance.now();
      arrived = now;
      return performance.now() - since > PATIENCE_MS;
    };
  }

  /** Repeats an operator's operations. A kill may interrupt any of them. */
  async #operate(): Promise<void> {
    for (let round = 0; !this.#stopped; round++) {
      // The storm may end while this waits for more load.
      await Promise.race([this.load.more(OPERATE_EVERY), this.load.stopped]);
      await this.#expunge();
      await this.#createAndDelete();
      await this.#redrive();
      if (round % 4 === 0) await this.#subscribeLate("load");
      if (round % 4 === 0) await this.#replayMissing();
      if (round % 4 === 2) await this.#subscribeLate("nobody");
    }
  }

  /** Sends a message that no endpoint gets, and expunges it. */
  async #expunge(): Promise<void> {
    const sent = await this.#call("POST", `/app/${this.app}/msg`, { eventType: "nobody", payload: { secret: true } });
    if (sent?.status !== 202) return;
    const gone = await this.#call("DELETE", `/app/${this.app}/msg/${sent.json.id}/content`);
    if (gone?.status === 204) this.#expunged.add(sent.json.id);
  }

  /**
   * Creates an endpoint that gets every message, and deletes it. If a kill prevents the deletion,
   * the next call deletes the same endpoint.
   */
  async #createAndDelete(): Promise<void> {
    const path = `/app/${this.app}/endpoint/temporary`;
    const made = await this.#call("PUT", path, { url: `${this.url}/temporary` });
    if (made === null || made.status >= 300) return;
    const gone = await this.#call("DELETE", path);
    if (gone?.status === 204) this.#deleted.add(made.json.id);
  }

  async #redrive(): Promise<void> {
    const filter = { endpointId: this.endpoints.get("/broken") };
    const answer = await this.#call("POST", "/dead-letter/redrive", { filter, rate: REDRIVE_RATE });
    if (answer?.status === 202) this.#redrives++;
  }

  async #subscribeLate(eventType: string): Promise<void> {
    const path = `/app/${this.app}/endpoint/${this.endpoints.get("/late")}`;
    await this.#call("PATCH", path, { eventTypes: [eventType] });
  }

  async #replayMissing(): Promise<void> {
    const path = `/app/${this.app}/endpoint/${this.endpoints.get("/late")}/replay-missing`;
    const answer = await this.#call("POST", path, { since: this.#since });
    if (answer?.status === 202) this.#replays++;
  }

  async #tasksRunning(): Promise<number> {
    const { json } = await this.send("GET", "/background-task?status=running");
    return json.data.length;
  }

  /** Calls the API. Returns null if there is no complete response. */
  async #call(method: string, path: string, body?: unknown): Promise<Answer | null> {
    const answer = await this.send(method, path, body).catch(ifCutOff);
    if (answer !== null && (answer.status >= 500 || answer.status === 422))
      throw new Error(`${method} ${path}: ${answer.status} ${answer.text}`);
    return answer;
  }

  /** Returns the number of deliveries of acknowledged messages that have not arrived. */
  #missing(): number {
    let missing = 0;
    for (const path of PATHS) {
      const arrived = this.receipts.at(path);
      for (const eventId of this.load.promised.keys()) if (!arrived.has(eventId)) missing++;
    }
    return missing;
  }

  async #outcome(): Promise<Outcome> {
    const { promised } = this.load;
    const unanswered = [...promised.values()].filter(({ id }) => id === null).length;
    const lost = this.#missing();
    return {
      accepted: promised.size - unanswered,
      unanswered,
      arrived: promised.size * PATHS.length - lost,
      again: this.receipts.again,
      lost,
      unlike: this.#unlike(),
      disordered: this.#disordered(),
      undone: await this.#undone(),
      expunged: this.#expunged.size,
      deleted: this.#deleted.size,
      redrives: this.#redrives,
      replays: this.#replays,
    };
  }

  #unlike(): number {
    let unlike = 0;
    for (const path of PATHS)
      for (const [eventId, { id, body }] of this.receipts.at(path)) {
        const promise = this.load.promised.get(eventId);
        if (promise === undefined) continue;
        if (body.toString() !== promise.body || (promise.id !== null && promise.id !== id)) unlike++;
      }
    return unlike;
  }

  /**
   * Returns the number of deliveries out of order. Message ids increase in the order of acceptance,
   * so the ids must arrive at a fifo endpoint in sorted order.
   */
  #disordered(): number {
    const ids = [...this.receipts.at("/fifo").values()].map(({ id }) => id);
    return ids.filter((id, i) => i > 0 && id < ids[i - 1]!).length;
  }

  async #undone(): Promise<number> {
    let undone = 0;
    for (const id of this.#expunged) {
      const { json } = await this.send("GET", `/app/${this.app}/msg/${id}?with_content=true`);
      if (json.payload?.expired !== true) undone++;
    }
    for (const id of this.#deleted)
      if ((await this.send("GET", `/app/${this.app}/endpoint/${id}`)).status !== 404) undone++;
    return undone;
  }
}
