import { createHash } from "node:crypto";
import type { Fact } from "../../src/core/fact.ts";
import type { Seq } from "../../src/core/id.ts";
import type { KernelSettings } from "../../src/kernel.ts";
import { StoreUnavailable } from "../../src/store/index.ts";
import { openMemoryStore } from "../../src/store/sqlite/index.ts";
import { Aims } from "./aims.ts";
import { type Canary, plantInCode } from "./canary.ts";
import { Checks } from "./checks.ts";
import { VirtualClock } from "./clock.ts";
import { Dice } from "./dice.ts";
import { EVENTS, SOURCE_EVENTS } from "./events.ts";
import { Faults } from "./faults.ts";
import { CALLED_HOST } from "./functions.ts";
import { rollSettings } from "./furnish.ts";
import { Lives } from "./lives.ts";
import { Marks } from "./marks.ts";
import { Network } from "./network.ts";
import { runPhases } from "./phases.ts";
import type { Program } from "./program.ts";
import { SimBrokers } from "./queues/brokers.ts";
import { type EventName, type Rates, rollRates, type SourceEventName } from "./rates.ts";
import { FaultySandbox } from "./sandbox.ts";
import type { Event, Scene, Sent } from "./scene.ts";
import { openSimDatabase } from "./sim-database.ts";
import { Crash, Steps } from "./steps.ts";
import { InFlight, type Target } from "./watch/in-flight.ts";

const START_AT = Date.UTC(2026, 0, 1);
/** Number of attempts after which no more events are aimed and no more messages are sent. */
const ATTEMPTS_ENOUGH = 1000;
/** Time without any event after which a world with pending work counts as stuck. */
const STUCK_MS = 3_600_000;

export interface Report {
  readonly seed: number;
  readonly rates: Rates;
  /** Hash of everything that happened, in order. It is equal for equal seeds. */
  readonly digest: string;
  readonly messages: number;
  readonly attempts: number;
  readonly crashes: number;
  readonly stops: number;
  readonly marks: Marks;
  /** Empty if no check failed. */
  readonly violations: readonly string[];
}

/**
 * The whole program on a virtual clock, with a faulty network and a database that outlives the
 * program. At first there are faults. Then everything works, and at the end every accepted message
 * must be delivered or dead.
 */
export class World implements Scene {
  readonly clock = new VirtualClock(START_AT);
  readonly db = openSimDatabase();
  readonly marks = new Marks();
  readonly dice: Dice;
  readonly rates: Rates;
  readonly settings: KernelSettings;
  readonly network: Network;
  readonly brokers: SimBrokers;
  readonly sandbox: FaultySandbox;
  readonly inFlight: InFlight;
  readonly checks: Checks;
  readonly faults: Faults;
  readonly steps: Steps;
  readonly aims: Aims;
  readonly lives: Lives;
  environment: Seq = 0;
  readonly applications: Seq[] = [];
  readonly endpoints: Seq[] = [];
  readonly hosts: string[] = [];
  readonly sent: Sent[] = [];
  readonly #trace = createHash("sha256");
  /** Calls in this life of the program that have not returned. */
  readonly #calls = new Set<Promise<void>>();
  #attempts = 0;
  #progressAt = START_AT;

  constructor(
    readonly seed: number,
    readonly canary: Canary | null = null,
  ) {
    this.dice = new Dice(seed);
    this.rates = rollRates(this.dice);
    this.settings = rollSettings(this.dice);
    this.network = new Network(this.clock, this.dice, this.rates.faults);
    // Creates the tables, which the checks read.
    openMemoryStore(this.db, this.clock.ofProcess(-1), () => {});
    this.inFlight = new InFlight(this.db, this.clock);
    const { db, clock, dice, rates, settings, sent, marks, inFlight, note } = this;
    const deliveryTime = () => clock.wall - this.program.kernel.engine.retriesAheadMs;
    // The checks have their own dice, so that a change of the checks does not change the world.
    this.checks = new Checks({
      ...{ db, clock, settings, sent, marks, inFlight, dice: new Dice(~seed), deliveryTime },
      ids: () => this.program.kernel.ids,
      isStopping: () => this.lives.isStopping,
    });
    this.brokers = new SimBrokers({
      ...{ clock, dice, marks, loss: rates.faults.brokerLoss, isCalm: () => this.network.onlyEndpointsMayFail },
      onRemoved: (publication) => this.checks.sources.queues.removed(publication),
    });
    const isCommitRare = () => this.lives.observer.isCommitRare;
    const kill = () => this.lives.kill();
    this.faults = new Faults({ clock, dice, rates, note, isCommitRare, kill });
    this.steps = new Steps(clock, () => this.#crashIfDue());
    this.aims = new Aims(this);
    const onFunctionStep = () => this.#perhapsCrash("crashAtFunction");
    this.sandbox = new FaultySandbox({
      ...{ clock, dice, marks, network: this.network },
      ...{ busy: this.rates.faults.shortage, onFunctionStep },
    });
    this.lives = new Lives(this);
    this.checks.sources.queues.onReceived = () => this.#perhapsDisturb();
    this.network.onArrival = (arrival) => {
      const isThin = this.checks.thin.received(arrival, this.program.kernel.ids);
      if (isThin && dice.chance(0.7)) this.later(dice.below(dice.pick([3, 100, 10_000])), "readLink", null);
    };
    this.network.onSend = (request) => {
      if (this.program.isStopped) this.checks.violation("a request is sent after a stop");
      if (request.url.hostname === CALLED_HOST) {
        this.checks.functions.requested(request, this.program.kernel.ids);
        return;
      }
      this.checks.signatures.sent(request, this.program.kernel.ids);
      this.checks.batches.sent(request, this.program.kernel.ids);
      this.checks.versions.sent(request, this.program.kernel.ids);
    };
  }

  get program(): Program {
    return this.lives.program;
  }

  async run(): Promise<Report> {
    const undo = plantInCode(this.canary);
    await runPhases(this).finally(undo);
    this.db.close();
    const { seed, rates, marks, lives } = this;
    return {
      ...{ seed, rates, marks, crashes: lives.crashes, stops: lives.stops },
      digest: this.#trace.digest("hex"),
      messages: this.sent.length,
      attempts: this.#attempts,
      violations: this.checks.violations,
    };
  }

  get isFull(): boolean {
    return this.#attempts >= ATTEMPTS_ENOUGH;
  }

  // --- calls ---

  /**
   * Starts an event. Resolves when its callers have their responses. If the program crashes first,
   * the promise may never resolve.
   */
  launch(event: Event, target: Target | null = null): Promise<void> {
    const call = event(this, this.program, target).catch((error: unknown) => {
      if (error instanceof StoreUnavailable || error instanceof Crash) return;
      this.checks.violation(`a call failed: ${error instanceof Error ? error.stack : error}`);
    });
    this.#calls.add(call);
    void call.finally(() => this.#calls.delete(call));
    return call;
  }

  /** Starts an event and lets time pass until it is done or the program has crashed. */
  async do(event: Event): Promise<void> {
    const { program } = this;
    let isDone = false;
    void this.launch(event).finally(() => {
      isDone = true;
    });
    await this.steps.until(() => isDone || !program.isAlive);
  }

  /** Lets time pass until every call has returned or the program has crashed. */
  async untilCallsReturn(): Promise<void> {
    const { program } = this;
    await this.steps.until(() => this.#calls.size === 0 || !program.isAlive);
  }

  readonly later = (delayMs: number, name: EventName, target: Target | null): void => {
    this.#launchLater(delayMs, EVENTS[name], target);
  };

  readonly laterAtSource = (delayMs: number, name: SourceEventName): void => {
    this.#launchLater(delayMs, SOURCE_EVENTS[name], null);
  };

  readonly rollConsumerLoss = (): boolean =>
    !this.network.onlyEndpointsMayFail && this.dice.chance(this.rates.faults.consumerLoss);

  readonly perhapsCrashSoon = (): void => this.#perhapsCrash("crashAtDoor");

  /** Sometimes lets something happen to a source that has just received messages from its queue. */
  #perhapsDisturb(): void {
    const { dice, rates, faults } = this;
    this.#perhapsCrash("crashAtQueue");
    if (!faults.areOn || !dice.chance(0.15)) return;
    const name = dice.pick(["changeQueue", "changeQueue", "disturbQueue", "deleteQueue"] as const);
    if (rates.sourceEvents[name] > 0) this.laterAtSource(dice.below(dice.pick([1, 3, 20, 500])), name);
  }

  #perhapsCrash(rate: "crashAtDoor" | "crashAtFunction" | "crashAtQueue"): void {
    if (!this.faults.areOn || !this.dice.chance(this.rates.faults[rate])) return;
    this.lives.crashAfterTurns(this.dice.below(8));
  }

  #launchLater(delayMs: number, event: Event, target: Target | null): void {
    const { program } = this;
    const { mode } = this.aims;
    this.clock.at(delayMs, () => {
      const isStill = program === this.program && !this.lives.isStopping && mode === this.aims.mode;
      if (isStill) void this.launch(event, target);
    });
  }

  // --- time ---

  async #crashIfDue(): Promise<boolean> {
    if (!this.faults.isCrashDue) return false;
    await this.lives.crash();
    return true;
  }

  programEnded(): void {
    this.inFlight.clear();
    this.#calls.clear();
  }

  happened(fact: Fact): void {
    if (fact.type === "commit.finished") return;
    if (fact.type === "attempt.finished") this.#attempts++;
    if (fact.type !== "commit.failed") this.#progressAt = this.clock.now;
    if (this.program.isStopped) this.checks.violation(`the fact ${fact.type} is stated after a stop`);
    this.checks.happened(fact);
    this.lives.observer.happened(fact);
    this.note(JSON.stringify(fact));
  }

  readonly note = (what: string): void => {
    this.#trace.update(`${this.clock.now} ${what}\n`);
  };

  /** Makes steps until only timers are left that run forever, or until nothing changes any more. */
  async untilRest(): Promise<void> {
    for (let steps = 1; ; steps++) {
      if (steps % 16 === 0 && this.#isAtRest()) return;
      if (steps % 256 === 0 && this.#isStuck()) return;
      if (!(await this.steps.step())) return;
    }
  }

  #isAtRest(): boolean {
    const { inFlight, checks } = this;
    if (this.#calls.size > 0 || inFlight.attempts.size > 0 || checks.backlog.isGrowing) return false;
    if (this.unreadQueues.length > 0) return false;
    return checks.rest.lastDueAt() === null && checks.operational.areAllStored;
  }

  /** The queues that are not empty, although a source takes from them. */
  get unreadQueues(): readonly string[] {
    return this.checks.sources.queues.expected.filter((url) => this.brokers.queueOf(url).size > 0);
  }

  #isStuck(): boolean {
    const lastDueAt = this.checks.rest.lastDueAt() ?? Number.NEGATIVE_INFINITY;
    return this.clock.now > this.#progressAt + STUCK_MS && this.clock.wall > lastDueAt + STUCK_MS;
  }
}
