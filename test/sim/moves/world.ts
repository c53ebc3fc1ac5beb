import { abandonMove } from "../../../src/cli/client/move/abandon.ts";
import { moveApplication } from "../../../src/cli/client/move/mover.ts";
import { redrive } from "../../../src/commands/dead-letters.ts";
import type { Store } from "../../../src/store/index.ts";
import { ROOT } from "../../support/actor.ts";
import { policy } from "../../support/engine-world.ts";
import { Dice } from "../dice.ts";
import { MoveChecks } from "./checks.ts";
import { Client } from "./client.ts";
import { type Around, Consumer, Operator, Worker } from "./clients.ts";
import { RECEIVERS, respond } from "./endpoints.ts";
import { faultIn, isMovedByOther, MoveFaults } from "./faults.ts";
import { PARTS, runAt } from "./functions.ts";
import { furnish, furnishNeighbour, NEIGHBOUR, UID } from "./furnish.ts";
import { Producer } from "./producer.ts";
import { SimDestination, SimOrigin } from "./servers.ts";
import { Site, type Surroundings } from "./site.ts";
import { Timeline } from "./timeline.ts";

const START_AT = Date.UTC(2026, 0, 1);
const MESSAGES_MIN = 5;
const MESSAGES_MAX = 40;
/** Time after which nothing fails any more, in ms. */
const FAULTS_MS = 40_000;
/** Time after which everything must have been delivered, in ms. */
const END_MS = 3_600_000;
/** A move that fails so often without faults never ends. */
const TRIES_MAX = 30;

export interface MoveReport {
  readonly seed: number;
  readonly violations: readonly string[];
  readonly messages: number;
  readonly crashes: number;
  readonly tries: number;
  readonly moves: number;
}

/** Two installations, and an application that moves between them while it is used. */
export class MoveWorld {
  readonly #time = new Timeline(START_AT, (text) => this.#checks.violation(text));
  readonly #dice: Dice;
  readonly #sites: readonly [Site, Site];
  readonly #checks: MoveChecks;
  readonly #faults: MoveFaults;
  readonly #client: Client;
  /** Number of the application's moves that have ended. */
  #moves = 0;
  #tries = 0;
  #movers = 0;
  /** Whether there are two movers, or have been. */
  #hasTwoMovers = false;
  #processes = 0;
  /** Resolves when the application is about to change hands. */
  #departing = Promise.withResolvers<void>();

  constructor(
    readonly seed: number,
    plant: (store: Store) => Store = (store) => store,
  ) {
    this.#dice = new Dice(seed);
    const [{ clock }, dice] = [this.#time, this.#dice];
    this.#checks = new MoveChecks({ uid: UID, receivers: RECEIVERS, now: () => this.#time.now });
    this.#faults = new MoveFaults(
      dice,
      this.#time,
      (site, delayMs) => clock.at(delayMs, () => this.#time.launch(site.start())),
      () => {
        this.#departing.resolve();
        this.#departing = Promise.withResolvers();
      },
    );
    const parts = { dice, timeline: this.#time, checks: this.#checks, faults: this.#faults };
    const surroundings: Surroundings = {
      ...{ clock, dice, plant },
      settings: {
        ...policy,
        retryScheduleMs: [100, 500, 1000, 2000, 4000, 8000, 15_000, 30_000],
        deliveryTimeoutMs: 5000,
      },
      nextProcess: () => this.#processes++,
      onFunction: (site, call, isRerun) => runAt(parts, site, call, isRerun),
      onFunctionSent: (message, id) => this.#checks.functionSent(message, id),
      onRequest: (site, request, signal) => respond(parts, site, request, signal),
      crashesAfterCommit: (site) => this.#faults.crashesAfterCommit(site),
      onDelivered: (site, messageSeq, endpointSeq) => this.#checks.settled(site, messageSeq, endpointSeq),
    };
    const aheadMs = dice.pick([0, 0, 0, 300, -300, 40_000, -40_000]);
    this.#sites = [new Site("a", surroundings, 0), new Site("b", surroundings, aheadMs)];
    this.#client = new Client(this.#sites, UID, (isLong) => this.#pause(isLong));
  }

  async run(): Promise<MoveReport> {
    for (const site of this.#sites) await this.#time.do(site.start());
    const [first, second] = this.#sites;
    const endpoints = await this.#time.do(furnish(first, this.#dice));
    await this.#time.do(furnishNeighbour(second, this.#dice));
    this.#faults.areOn = true;
    const clients = this.#clients(endpoints);
    this.#time.clock.at(FAULTS_MS, () => {
      this.#faults.areOn = false;
    });
    for (let i = this.#dice.below(4); i > 0; i--) {
      const site = this.#dice.pick(this.#sites);
      this.#time.clock.at(this.#dice.below(20_000), () => this.#faults.areOn && this.#faults.kill(site));
    }
    this.#time.launch(this.#move(...this.#sites));
    this.#hasTwoMovers = this.#dice.chance(0.2);
    if (this.#hasTwoMovers) this.#time.launch(this.#move(...this.#sites));
    await this.#time.until(() => this.#movers === 0 && !this.#faults.areOn);
    await this.#time.do(this.#end(clients)).catch((error) => this.#checks.violation(`the end failed: ${error.stack}`));
    this.#checks.atTheEnd(this.#client.place);
    for (const site of this.#sites) site.close();
    const [violations, messages] = [this.#checks.violations, this.#checks.messages.size];
    const { crashes } = this.#faults;
    return { seed: this.seed, violations, messages, crashes, tries: this.#tries, moves: this.#moves };
  }

  #clients(endpoints: readonly string[]): Clients {
    const [dice, checks, now] = [this.#dice, this.#checks, () => this.#time.now];
    const around: Around = { ...{ dice, checks, now, endpoints }, client: this.#client, moves: () => this.#moves };
    const clients = { producer: new Producer(around, UID), consumer: new Consumer(around), worker: new Worker(around) };
    const operator = new Operator(around);
    const neighbour = new Producer(
      {
        ...around,
        client: new Client([this.#sites[1]], NEIGHBOUR, async () => {}),
        checks: new MoveChecks({ uid: NEIGHBOUR, receivers: [], now }),
      },
      NEIGHBOUR,
    );
    this.#repeat([5, 600, 2000], async () => {
      if (clients.producer.sent >= MESSAGES_MAX) return;
      // Both begin within the same millisecond, and so get the same numbers.
      await Promise.all([clients.producer.act(), neighbour.act()]);
    });
    this.#repeat([50, 500, 5000], () => clients.consumer.act());
    this.#repeat([50, 500, 5000], () => clients.worker.act());
    this.#repeat([200, 2000], () => operator.act());
    return { ...clients, operator };
  }

  /** Moves the application, and sometimes back. */
  async #move(from: Site, to: Site): Promise<void> {
    this.#movers++;
    await this.#time.sleep(this.#dice.below(this.#dice.pick([100, 5000])));
    const isMoved = await this.#moveOnce(from, to);
    if (isMoved && this.#dice.chance(0.3)) {
      await this.#time.sleep(this.#dice.below(5000));
      await this.#moveOnce(to, from);
    }
    this.#movers--;
  }

  /** Returns whether this mover has moved the application. */
  async #moveOnce(from: Site, to: Site): Promise<boolean> {
    const dice = this.#dice;
    const withHistory = dice.chance(0.5);
    for (let triesAfterFaults = 0; triesAfterFaults < TRIES_MAX; ) {
      this.#tries++;
      if (!this.#faults.areOn) triesAfterFaults++;
      const call = this.#faults.mover();
      const options = {
        ...{ withHistory, attemptsMs: dice.pick([100, 10_000]), now: () => this.#time.clock.now },
        sleep: (ms: number) => this.#time.sleep(ms),
      };
      const origin = new SimOrigin(from, UID, call);
      const destinationOf = (id: string) => new SimDestination(to, id, call);
      try {
        await moveApplication(origin, destinationOf, options);
        this.#moves++;
        return true;
      } catch (error) {
        this.#mayFail(error);
        // The other mover has moved it there, perhaps while this one was moving it back.
        if (this.#hasTwoMovers && isMovedByOther(error)) return false;
      }
      if (dice.chance(0.15)) await abandonMove(origin, destinationOf).catch((error) => this.#mayFail(error));
      await this.#time.sleep(dice.below(dice.pick([100, 3000, 20_000])));
      // Another mover has taken it elsewhere.
      if (this.#movers > 1 && triesAfterFaults > 3) return false;
    }
    this.#checks.violation("the move does not end");
    return false;
  }

  #mayFail(error: unknown): void {
    const fault = faultIn(error, this.#hasTwoMovers);
    if (fault !== null) this.#checks.violation(fault);
  }

  /** Lets everything be delivered, and checks that it was. */
  async #end({ producer, consumer, worker, operator }: Clients): Promise<void> {
    const deadline = this.#time.clock.now + END_MS;
    this.#checks.isRedriving = true;
    for (const site of this.#sites) if (!site.isAlive) await site.start();
    for (let rests = false; ; ) {
      // An earlier request to pause may still be under way.
      rests = await operator.rest();
      if (producer.sent < MESSAGES_MIN) await producer.act();
      await this.#client.request(async ({ kernel, application: { seq: applicationSeq, environmentSeq } }) => {
        await redrive(kernel, { environmentSeq, applicationSeq }, 1000, ROOT);
      });
      await this.#time.sleep(30_000);
      let isRead = false;
      for (let acts = 0; !isRead && acts < (1 + PARTS) * MESSAGES_MAX; acts++) {
        isRead = [await consumer.act(), await worker.act()].every((isDone) => isDone);
      }
      if (rests && isRead && !this.#isPending() && producer.sent >= MESSAGES_MIN) break;
      if (this.#time.clock.now > deadline) break;
    }
    const description = await this.#client.request(async ({ kernel }) => operator.description(kernel));
    await producer.repeatAll();
    if (!operator.descriptions.has(description!)) this.#checks.violation(`a change is lost: ${description}`);
  }

  #isPending(): boolean {
    const { db } = this.#client.place;
    const sql = `SELECT 1 FROM delivery d JOIN endpoint e ON e.seq = d.endpoint_seq JOIN application a ON a.seq = e.application_seq
      WHERE d.state IN (0, 2) AND a.uid = ? AND a.deleted_at IS NULL LIMIT 1`;
    return db.query(sql).get(UID) !== null;
  }

  async #pause(isLong: boolean): Promise<void> {
    if (isLong && this.#dice.chance(0.35)) {
      await Promise.race([this.#departing.promise, this.#time.sleep(5000)]);
      // The request may come before or after the departure.
      await this.#time.sleep(this.#dice.below(this.#dice.pick([1, 20, 400])));
    } else if (this.#dice.chance(0.3)) await this.#time.sleep(this.#dice.below(15));
  }

  /** Lets a client act again and again, until nothing fails any more. */
  #repeat(pausesMs: readonly number[], act: () => Promise<unknown>): void {
    const pauseMs = this.#dice.pick(pausesMs);
    const loop = async () => {
      for (;;) {
        await this.#time.sleep(this.#dice.below(pauseMs));
        if (!this.#faults.areOn) return;
        await act();
      }
    };
    this.#time.launch(loop());
  }
}

interface Clients {
  readonly producer: Producer;
  readonly consumer: Consumer;
  readonly worker: Worker;
  readonly operator: Operator;
}
