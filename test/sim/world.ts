import { createHash } from "node:crypto";
import type { Fact } from "../../src/core/fact.ts";
import type { Seq } from "../../src/core/id.ts";
import type { KernelSettings } from "../../src/kernel.ts";
import { openMemoryStore } from "../../src/store/sqlite/index.ts";
import { Aims } from "./aims.ts";
import { Calls } from "./calls.ts";
import { type Canary, findings, plantInCode } from "./canary.ts";
import { Checks } from "./checks.ts";
import { VirtualClock } from "./clock.ts";
import { Dice } from "./dice.ts";
import { Faults } from "./faults.ts";
import { CALLED_HOST } from "./functions.ts";
import { rollSettings } from "./furnish.ts";
import { SimGroups } from "./groups/groups.ts";
import { Lives } from "./lives.ts";
import { Marks } from "./marks.ts";
import { Network } from "./network.ts";
import { runPhases } from "./phases.ts";
import type { Program } from "./program.ts";
import { SimBrokers } from "./queues/brokers.ts";
import { type Rates, rollRates } from "./rates.ts";
import { FaultySandbox } from "./sandbox.ts";
import type { Scene, Sent } from "./scene.ts";
import { openSimDatabase } from "./sim-database.ts";
import { Found, Steps } from "./steps.ts";
import { InFlight } from "./watch/in-flight.ts";

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
  readonly calls = new Calls(this);
  readonly groups: SimGroups;
  environment: Seq = 0;
  readonly applications: Seq[] = [];
  readonly endpoints: Seq[] = [];
  readonly hosts: string[] = [];
  readonly sent: Sent[] = [];
  readonly #trace = createHash("sha256");
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
    const isFound = () => this.canary !== null && findings(this.checks, this.canary).length > 0;
    this.steps = new Steps(clock, () => this.#crashIfDue(), isFound);
    this.aims = new Aims(this);
    const onFunctionStep = () => this.#perhapsCrash("crashAtFunction");
    this.sandbox = new FaultySandbox({
      ...{ clock, dice, marks, network: this.network },
      ...{ busy: this.rates.faults.shortage, onFunctionStep },
    });
    this.lives = new Lives(this);
    this.groups = new SimGroups(this);
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

  /** Runs the world from its beginning to its end, or until the planted fault is found. */
  async run(): Promise<Report> {
    const undo = plantInCode(this.canary);
    try {
      await runPhases(this);
    } catch (error) {
      if (!(error instanceof Found)) throw error;
      this.program.end();
    } finally {
      undo();
    }
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

  get later(): Calls["later"] {
    return this.calls.later;
  }

  get laterAtSource(): Calls["laterAtSource"] {
    return this.calls.laterAtSource;
  }

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

  async #crashIfDue(): Promise<boolean> {
    if (!this.faults.isCrashDue) return false;
    await this.lives.crash();
    return true;
  }

  programEnded(): void {
    this.inFlight.clear();
    this.calls.programEnded();
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
    const { calls, inFlight, checks } = this;
    if (calls.areOpen || inFlight.attempts.size > 0 || checks.backlog.isGrowing) return false;
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
