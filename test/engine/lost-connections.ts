import type { Seq } from "../../src/core/id.ts";
import { StartError } from "../../src/core/start-error.ts";
import type { Endpoint, PageRequest } from "../../src/store/index.ts";
import { isOutage } from "../../src/store/postgres/connection/errors.ts";
import { Dice } from "../sim/dice.ts";
import { DAY, EngineWorld, SECOND } from "../support/engine-world.ts";
import { PostgresWorldStore } from "../support/world-store/in-postgres.ts";

const EVENTS = 60;
const PAGE: PageRequest = { limit: 1000, from: null, backwards: false, order: "ascending" };
/** The kinds of endpoints. */
const KINDS: Readonly<Record<string, Partial<Endpoint>>> = {
  "parallel.example": { ordering: "parallel" },
  "fifo.example": { ordering: "fifo" },
  "batch.example": { ordering: "parallel", batch: { maxMessages: 4, maxWaitMs: SECOND } },
  "fifo-batch.example": { ordering: "fifo", batch: { maxMessages: 3, maxWaitMs: 500 } },
};

interface Lane {
  readonly host: string;
  readonly endpoint: Endpoint;
  /** Messages that were accepted, by their number at the endpoint. */
  readonly accepted: Map<number, Seq>;
  /** Number of messages that were sent. Those that were not accepted may have been stored. */
  sent: number;
  /** How often each message arrived with success. */
  readonly successes: Map<number, number>;
  /** How often each message was resent. A resend puts it at the end of its lane. */
  readonly resent: Map<number, number>;
}

/** Counts of a world, and what was wrong in it. */
export interface Findings {
  readonly accepted: number;
  readonly refused: number;
  readonly attempts: number;
  readonly cuts: number;
  readonly crashes: number;
  readonly violations: readonly string[];
}

/**
 * A world whose connections to PostgreSQL are lost again and again: before the server gets a COMMIT, before
 * the process gets its result, and at any other time. In every second world the process crashes too. At
 * the end everything works, and every accepted message must have arrived.
 */
export class LossyWorld {
  readonly #dice: Dice;
  readonly #lanes: Lane[] = [];
  readonly #crashes: boolean;
  #refused = 0;
  #crashCount = 0;
  #mayFail = true;

  private constructor(
    seed: number,
    private readonly world: EngineWorld,
    private readonly data: PostgresWorldStore,
  ) {
    this.#dice = new Dice(seed);
    this.#crashes = seed % 2 === 0;
  }

  /** Runs the world of a seed. `url` is that of a database of the server. */
  static async run(seed: number, url: string): Promise<Findings> {
    const data = await PostgresWorldStore.create(url);
    const policy = { retryScheduleMs: [SECOND, 5 * SECOND], endpointDisableAfterMs: 0, retentionMs: 90 * DAY };
    using world = await EngineWorld.open({ data, policy });
    return await new LossyWorld(seed, world, data).#run();
  }

  async #run(): Promise<Findings> {
    for (const [host, change] of Object.entries(KINDS)) await this.#addLane(host, change);
    for (let i = 0; i < EVENTS; i++) {
      this.#loseConnection();
      await this.#event(this.#dice.pick(this.#lanes));
      await this.world.pass(this.#dice.below(this.#dice.pick([5, 50, SECOND, 10 * SECOND])));
    }
    await this.#calm();
    const violations = [...(await this.#check()), ...this.world.factsOf("defect.found").map(({ error }) => `${error}`)];
    return {
      accepted: this.#lanes.reduce((sum, { accepted }) => sum + accepted.size, 0),
      refused: this.#refused,
      attempts: this.world.starts.length,
      cuts: this.data.proxy.cuts,
      crashes: this.#crashCount,
      violations,
    };
  }

  async #addLane(host: string, change: Partial<Endpoint>): Promise<void> {
    const successes = new Map<number, number>();
    const endpoint = await this.world.endpoint(
      host,
      (message) => {
        const afterMs = this.#dice.pick([1, 1, 20, 300]);
        if (this.#mayFail && this.#dice.chance(0.3)) return { status: 500, afterMs };
        const { batch } = this.world.starts.at(-1)!;
        for (const one of batch ?? [message]) count(successes, one);
        return { status: 200, afterMs };
      },
      change,
    );
    this.#lanes.push({ host, endpoint, accepted: new Map(), sent: 0, successes, resent: new Map() });
  }

  /** Sometimes lets the next commit, or whatever is under way, lose its connection. */
  #loseConnection(): void {
    const { proxy } = this.data;
    if (this.#dice.chance(0.3)) proxy.cutNext("COMMIT", this.#dice.pick(["before", "after"]));
    else if (this.#dice.chance(0.1)) void this.data.endConnections();
  }

  async #event(lane: Lane): Promise<void> {
    const { world } = this;
    const roll = this.#dice.next();
    if (this.#crashes && roll < 0.08) {
      this.#crashCount++;
      // A process that loses its connection during its start ends, and the next one starts.
      while ((await this.#try(() => world.restart().then(() => "started"))) === null);
    } else if (roll < 0.2) await this.#try(() => world.update(lane.endpoint, { paused: this.#dice.chance(0.4) }));
    else if (roll < 0.3 && lane.accepted.size > 0) {
      const [number, seq] = this.#dice.pick([...lane.accepted]);
      // Even if its result is unknown, it may have been stored.
      count(lane.resent, number);
      await this.#try(() => world.resend(seq, lane.endpoint));
    } else await this.#send(lane, this.#dice.pick([1, 1, 3, 10]));
  }

  async #send(lane: Lane, messages: number): Promise<void> {
    const first = lane.sent + 1;
    lane.sent += messages;
    const seqs = await this.#try(() => this.world.send(lane.endpoint, messages));
    if (seqs === null) this.#refused += messages;
    else for (const [i, seq] of seqs.entries()) lane.accepted.set(first + i, seq);
  }

  /** Returns null if the store was not available. */
  async #try<T>(act: () => Promise<T>): Promise<T | null> {
    try {
      return await act();
    } catch (error) {
      if (isOutage(error instanceof StartError ? error.cause : error)) return null;
      throw error;
    }
  }

  /** Ends all faults, and lets everything that is stored arrive. */
  async #calm(): Promise<void> {
    const { world } = this;
    this.#mayFail = false;
    // A cut that was planned and has not happened yet happens now.
    while ((await this.#try(() => world.update(this.#lanes[0]!.endpoint, { description: "calm" }))) === null);
    for (const { endpoint } of this.#lanes) await world.update(endpoint, { paused: false });
    await world.rest();
    await world.redrive(1000);
    await world.rest();
  }

  async #check(): Promise<string[]> {
    const found: string[] = [];
    for (const lane of this.#lanes) found.push(...(await this.#checkLane(lane)));
    if (this.world.engine.attemptsUnderWay > 0) found.push("an attempt is still under way");
    return found;
  }

  async #checkLane({ host, endpoint, accepted, successes, resent }: Lane): Promise<string[]> {
    const found: string[] = [];
    for (const [number, seq] of accepted) {
      const name = `message ${number} of ${host}`;
      const arrived = successes.get(number) ?? 0;
      const { state } = await this.world.delivery(seq);
      if (state !== "delivered") found.push(`${name} is ${state}`);
      if (arrived === 0) found.push(`${name} has not arrived`);
      // Only a crash may make the process forget an attempt.
      if (this.#crashes) continue;
      if (arrived > 1 + (resent.get(number) ?? 0)) found.push(`${name} has arrived ${arrived} times`);
      const starts = this.world.batches(host).filter((batch) => batch.includes(number)).length;
      const { rows } = await this.world.store.history.attempts.ofMessage(seq, {}, PAGE, false);
      if (starts !== rows.length) found.push(`${name} was sent ${starts} times, stored are ${rows.length} attempts`);
    }
    if (endpoint.ordering === "fifo") found.push(...this.#checkOrder(host, resent));
    return found;
  }

  /** The first attempts of a FIFO lane are in the order of the messages. */
  #checkOrder(host: string, resent: ReadonlyMap<number, number>): string[] {
    const first = [...new Set(this.world.batches(host).flat())].filter((number) => !resent.has(number));
    return first.flatMap((number, i) =>
      i > 0 && number < first[i - 1]! ? [`message ${number} of ${host} was sent after ${first[i - 1]}`] : [],
    );
  }
}

function count(counts: Map<number, number>, number: number): void {
  counts.set(number, (counts.get(number) ?? 0) + 1);
}
