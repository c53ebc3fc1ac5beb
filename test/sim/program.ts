import type { Database } from "bun:sqlite";
import { Authenticator } from "../../src/api/identity/auth.ts";
import { functionSender } from "../../src/api/resources/message/function-sender.ts";
import type { Fact } from "../../src/core/fact.ts";
import { Facts } from "../../src/core/facts.ts";
import type { FunctionMessage, FunctionSender } from "../../src/core/function-message.ts";
import { ServiceStack } from "../../src/core/service.ts";
import { assemble, type Kernel, type KernelSettings } from "../../src/kernel.ts";
import type { Clock } from "../../src/ports.ts";
import type { Sandbox } from "../../src/sandbox/sandbox.ts";
import { type Store, StoreUnavailable } from "../../src/store/index.ts";
import type { MemoryStore } from "../../src/store/sqlite/assemble.ts";
import { openMemoryStore } from "../../src/store/sqlite/index.ts";
import { Tally } from "../../src/telemetry/tally.ts";
import { type Canary, clockWith, deafened } from "./canary.ts";
import type { QueueChecks } from "./checks/queues.ts";
import type { VirtualClock } from "./clock.ts";
import type { Dice } from "./dice.ts";
import type { Network } from "./network.ts";
import { never } from "./never.ts";
import { outsideOf } from "./outside.ts";
import type { SimBrokers } from "./queues/brokers.ts";
import { plant } from "./store-canary.ts";
import { aroundVerbs, mayBeSlow } from "./verbs.ts";
import type { InFlight } from "./watch/in-flight.ts";
import type { Observer } from "./watch/observer.ts";

/** Alternatives for the maximum duration of a slow read or write, in ms. */
const SLOW_MS_MAX = { read: [3, 30, 300], write: [3, 30, 300, 2000] };

/** Rare reads, which are made slow more often than others. */
const OFTEN_SLOW = /^configuration\.endpoints\.(get|secrets)$|^queue\.contents$/;
const OFTEN = 3;

export const ROOT_TOKEN = "root-token-of-the-simulation-0123";

/** The part of the world that a program uses. */
export interface Surroundings {
  readonly db: Database;
  readonly clock: VirtualClock;
  readonly dice: Dice;
  readonly network: Network;
  readonly brokers: SimBrokers;
  readonly queueChecks: QueueChecks;
  readonly sandbox: Sandbox;
  readonly settings: KernelSettings;
  readonly canary: Canary | null;
  readonly observer: Observer;
  readonly inFlight: InFlight;
  readonly isDiskFull: () => boolean;
  /** Returns the chances that a call of the store is slow. */
  readonly slowness: () => { readonly read: number; readonly write: number };
  /**
   * Called right after each commit, before the program learns of the commit. Throws if the program
   * crashes at that point.
   */
  readonly afterCommit: () => void;
  /** Called before each run of the retention. */
  readonly onPrune: () => void;
  /** Gets every fact while the program lives. */
  readonly onFact: (fact: Fact) => void;
  /** Called when a function gets the id of a message that it has sent. */
  readonly onFunctionSent: (message: FunctionMessage, id: string) => void;
}

/** One life of the program, from its start to its stop or crash. */
export class Program {
  readonly kernel: Kernel;
  readonly authenticator: Authenticator;
  readonly facts = new Facts();
  readonly clock: Clock;
  /** The store without delays, for checks that read through it. */
  readonly directStore: Store;
  readonly #memory: MemoryStore;
  readonly #services: ServiceStack;
  #tally: Tally | null = null;
  #isAlive = true;
  #isStopped = false;

  constructor(
    readonly number: number,
    private readonly around: Surroundings,
  ) {
    const { db, dice, settings, canary, observer, inFlight } = around;
    this.clock = clockWith(canary, around.clock.ofProcess(number));
    this.#memory = openMemoryStore(
      db,
      this.clock,
      (fact) => {
        if (fact.type === "commit.finished" && this.#isAlive) around.afterCommit();
        this.facts.state(fact);
      },
      () => {
        if (around.isDiskFull()) throw new StoreUnavailable("The disk is full.");
      },
    );
    this.directStore = this.#memory.store;
    const planted = plant(canary, this.#memory.store, { dice, db, inFlight });
    const store = aroundVerbs(planted, (name, args, run) => this.#call(name, args, run));
    const outside = outsideOf(around, this.clock, () => this.#isAlive);
    const ports = { clock: this.clock, random: dice, ...outside, functionSender: this.#functionSender() };
    this.kernel = assemble({ store, facts: this.facts, ports, settings });
    this.#watchDirectory();
    this.authenticator = new Authenticator({
      ...this.kernel,
      settings: { rootToken: ROOT_TOKEN, jwtSecret: null },
      publicUrl: () => "http://localhost",
    });
    this.#services = new ServiceStack(this.kernel.services);
    this.facts.subscribe((fact) => {
      if (this.#isAlive) around.onFact(fact);
    });
    this.kernel.signals.react(["endpoint.changed", "application.throttled"], (signal) => {
      if (this.#isAlive) observer.signalled(signal);
    });
  }

  get store(): Store {
    return this.kernel.store;
  }

  get isAlive(): boolean {
    return this.#isAlive;
  }

  /** Whether the program has stopped. From then on nothing may happen. */
  get isStopped(): boolean {
    return this.#isStopped;
  }

  /** The program's own counts; null until it has started. */
  get tally(): Tally | null {
    return this.#tally;
  }

  async start(): Promise<void> {
    const tally = new Tally(await this.store.history.totals());
    tally.listenTo(deafened(this.around.canary, this.facts));
    this.#tally = tally;
    await this.#services.start();
  }

  /** Stops the program as the server does on request. */
  async stop(): Promise<void> {
    await this.#services.stop();
    await this.store.close();
  }

  /** Must be called when everything that follows from `stop` without waiting has happened. */
  hasStopped(): void {
    this.#isStopped = true;
  }

  /** Ends the program. Code that still runs has no effect from now on. */
  end(): void {
    this.#isAlive = false;
    this.#memory.crash();
    this.around.brokers.programEnded();
    this.around.clock.kill(this.number);
    if (this.around.db.inTransaction) this.around.db.run("ROLLBACK");
  }

  /**
   * Runs a verb, perhaps slowly. After the program has ended, the returned promise never settles.
   */
  #call(name: string, args: readonly unknown[], run: () => unknown): unknown {
    if (!this.#isAlive) return never();
    const { observer, onPrune } = this.around;
    if (name === "housekeeping.prune") onPrune();
    const delayMs = this.#rollDelay(name);
    const ended = observer.call(name, args, delayMs);
    const waitsBefore = delayMs > 0 && (mayBeSlow(name) === "write" || this.around.dice.chance(0.5));
    const result = waitsBefore ? this.#after(delayMs).then(run) : run();
    if (!(result instanceof Promise)) return result;
    return new Promise((resolve, reject) => {
      const settle = (then: () => void) => {
        if (!this.#isAlive) return;
        if (delayMs > 0 && !waitsBefore) this.clock.after(delayMs, () => this.#isAlive && then());
        else then();
      };
      result.then(
        (value) =>
          settle(() => {
            ended(value, null);
            resolve(value);
          }),
        (error) =>
          settle(() => {
            ended(null, error);
            reject(error);
          }),
      );
    });
  }

  /** Records when the directory reads an endpoint. Only lanes request such reads. */
  #watchDirectory(): void {
    const { directory } = this.kernel;
    const { inFlight } = this.around;
    const read = directory.endpoint.bind(directory);
    directory.endpoint = (seq) => {
      const entry = read(seq);
      if (!(entry instanceof Promise)) return entry;
      inFlight.busy(seq, 1);
      return entry.finally(() => {
        if (this.#isAlive) inFlight.busy(seq, -1);
      });
    };
  }

  #rollDelay(name: string): number {
    const kind = mayBeSlow(name);
    if (kind === null) return 0;
    const { dice, slowness } = this.around;
    const factor = OFTEN_SLOW.test(name) ? OFTEN : 1;
    return dice.chance(slowness()[kind] * factor) ? dice.between(1, dice.pick(SLOW_MS_MAX[kind])) : 0;
  }

  #after(ms: number): Promise<void> {
    return new Promise((resolve) => this.clock.after(ms, resolve));
  }

  /** Returns what sends the messages of functions. After the program has ended, nothing learns of them. */
  #functionSender(): FunctionSender {
    const { settings, onFunctionSent } = this.around;
    const send = functionSender(() => this.kernel, settings.maxBodyBytes);
    return async (message) => {
      const reply = await send(message);
      if (!this.#isAlive) return never();
      if ("id" in reply) onFunctionSent(message, reply.id);
      return reply;
    };
  }
}
