import { Database } from "bun:sqlite";
import { createHash } from "node:crypto";
import type { Fact } from "../../src/core/fact.ts";
import type { Seq } from "../../src/core/id.ts";
import type { KernelSettings } from "../../src/kernel.ts";
import { StoreUnavailable } from "../../src/store/index.ts";
import type { Canary } from "./canary.ts";
import { Checks } from "./checks.ts";
import { VirtualClock } from "./clock.ts";
import { Dice } from "./dice.ts";
import { reopenEndpoints } from "./events/configuration.ts";
import { redrive } from "./events/history.ts";
import { type Event, rollEvent } from "./events.ts";
import { furnish, rollPolicy } from "./furnish.ts";
import { Network } from "./network.ts";
import { Program } from "./program.ts";
import { HOUR_MS, type Scene, type Sent } from "./scene.ts";

const START_AT = Date.UTC(2026, 0, 1);
/** Far more than any run needs: a world that does not come to rest is broken. */
const STEPS_MAX = 400_000;
/** In so long without faults everything that is due goes out. */
const CATCH_UP_MS = 15 * 60_000;

export interface Report {
  readonly seed: number;
  /** Of everything that happened, in order: equal for equal seeds. */
  readonly digest: string;
  readonly messages: number;
  readonly attempts: number;
  readonly crashes: number;
  /** Empty when everything held. */
  readonly violations: readonly string[];
}

export interface WorldOptions {
  readonly canary?: Canary | null;
  /** Is the wall clock set now and then? In every other world, unless told. */
  readonly clockSteps?: boolean;
}

class Crash extends Error {}

/**
 * The whole program on a virtual clock, a faulty network and a database that survives its crashes. First a phase of
 * faults; then everything works, and at the end every accepted message is delivered or dead, exactly where it should be.
 */
export class World implements Scene {
  readonly clock = new VirtualClock(START_AT);
  readonly dice: Dice;
  readonly network: Network;
  readonly db = new Database(":memory:", { strict: true });
  readonly checks: Checks;
  readonly retentionMs: number;
  environment: Seq = 0;
  readonly applications: Seq[] = [];
  readonly endpoints: Seq[] = [];
  readonly hosts: string[] = [];
  readonly sent: Sent[] = [];
  readonly #canary: Canary | null;
  readonly #clockSteps: boolean;
  readonly #policy: KernelSettings;
  readonly #trace = createHash("sha256");
  #program: Program;
  #crashes = 0;
  #attempts = 0;
  #diskFull = false;
  #faulty = false;
  #steps = 0;
  #crashAfterCommit = false;

  constructor(
    readonly seed: number,
    { canary = null, clockSteps = seed % 2 === 0 }: WorldOptions = {},
  ) {
    this.#canary = canary;
    this.#clockSteps = clockSteps;
    this.dice = new Dice(seed);
    this.network = new Network(this.clock, this.dice);
    this.#policy = rollPolicy(this.dice);
    this.retentionMs = this.dice.pick([24, 72, 240]) * HOUR_MS;
    this.#program = this.#boot();
    // With dice of its own: to look harder changes nothing of what happens.
    this.checks = new Checks(this.db, this.clock, this.#policy, new Dice(~seed));
    this.network.onSend = (request) => this.checks.signatures.sent(request, this.#program.kernel.ids);
  }

  async run(): Promise<Report> {
    await this.#do(furnish);
    await this.#do((_, program) => program.start());
    this.#faulty = true;
    await this.#faultyPhase();
    await this.#look();
    await this.#calmPhase();
    await this.#redriveEverything();
    await this.#look();
    this.checks.ending.everyMessage(this.sent, this.network, this.#program.kernel.ids);
    this.checks.ending.nothingSurvivedPurge();
    this.checks.attempts.nothingWasEarly(this.sent);
    this.db.close();
    return {
      seed: this.seed,
      digest: this.#trace.digest("hex"),
      messages: this.sent.length,
      attempts: this.#attempts,
      crashes: this.#crashes,
      violations: this.checks.violations,
    };
  }

  // --- the program's lives -------------------------------------------------------------------------------------------

  #boot(): Program {
    return new Program(this.#crashes, {
      db: this.db,
      clock: this.clock,
      dice: this.dice,
      network: this.network,
      policy: this.#policy,
      canary: this.#canary,
      isDiskFull: () => this.#diskFull,
      afterCommit: () => this.#afterCommit(),
      onFact: (fact) => this.#happened(fact),
    });
  }

  async #crash(): Promise<void> {
    this.#crashAfterCommit = false;
    this.#note(`crash ${this.#crashes}`);
    this.#program.crash();
    this.#crashes++;
    this.clock.skip(this.dice.between(5, 500));
    if (this.dice.chance(0.2)) this.#setClock();
    this.checks.attempts.processStarted();
    this.#program = this.#boot();
    await this.#do((_, program) => program.start());
  }

  /** Now and then crashes between a commit and everything that is told of it. */
  #afterCommit(): void {
    if (!this.#faulty || !this.dice.chance(0.002)) return;
    this.#crashAfterCommit = true;
    throw new Crash();
  }

  #happened(fact: Fact): void {
    if (fact.type === "commit.finished") return;
    if (fact.type === "attempt.finished") this.#attempts++;
    this.checks.happened(fact);
    this.#note(JSON.stringify(fact));
  }

  #note(what: string): void {
    this.#trace.update(`${this.clock.now} ${what}\n`);
  }

  // --- steps ---------------------------------------------------------------------------------------------------------

  /** One event, and everything that follows from it without waiting. */
  async #step(): Promise<boolean> {
    const event = this.clock.next();
    if (event === null) return false;
    if (++this.#steps > STEPS_MAX) {
      this.checks.violation("the world does not come to rest");
      return false;
    }
    try {
      event.task();
    } catch (error) {
      if (!(error instanceof Crash)) throw error;
    }
    if (this.#crashAfterCommit) return this.#crash().then(() => true);
    await macrotask();
    return true;
  }

  /** Steps until what was asked for is done, or a crash has come in between. */
  async #do(event: Event): Promise<void> {
    const program = this.#program;
    let done = false;
    let failure: unknown = null;
    event(this, program)
      .catch((error) => {
        failure = error;
      })
      .finally(() => {
        done = true;
      });
    await macrotask();
    while (!done && program.isAlive && (await this.#step()));
    if (failure !== null && !(failure instanceof StoreUnavailable)) throw failure;
  }

  async #passTime(ms: number): Promise<void> {
    const until = this.clock.now + ms;
    let woke = false;
    this.clock.at(ms, () => {
      woke = true;
    });
    while (!woke && this.clock.peek() <= until && (await this.#step()));
  }

  async #untilQuiet(): Promise<void> {
    while (await this.#step());
  }

  // --- what happens --------------------------------------------------------------------------------------------------

  async #faultyPhase(): Promise<void> {
    const { dice } = this;
    const events = dice.between(60, 250);
    for (let i = 0; i < events; i++) {
      await this.#passTime(this.#rollPause());
      if (dice.chance(0.03)) await this.#crash();
      if (dice.chance(0.02)) this.#fillDisk();
      if (dice.chance(0.03)) this.#setClock();
      await this.#do(rollEvent(this));
      this.#count();
    }
  }

  #fillDisk(): void {
    this.#diskFull = true;
    this.clock.at(this.dice.between(1, 20_000), () => {
      this.#diskFull = false;
    });
  }

  /** By seconds to hours, forwards or backwards. */
  #setClock(): void {
    if (!this.#clockSteps) return;
    const { dice } = this;
    const stepMs = dice.between(1, dice.pick([5000, 60_000, HOUR_MS, 12 * HOUR_MS])) * dice.pick([-1, 1]);
    this.#note(`the clock is set by ${stepMs}`);
    this.clock.step(stepMs);
    this.checks.attempts.clockStepped();
  }

  #rollPause(): number {
    const roll = this.dice.next();
    if (roll < 0.5) return this.dice.below(5);
    if (roll < 0.8) return this.dice.below(2000);
    if (roll < 0.95) return this.dice.below(60_000);
    return this.dice.below(30 * HOUR_MS);
  }

  #count(): void {
    const { tally } = this.#program;
    if (tally !== null) this.checks.counts.tally(tally.of(this.environment));
  }

  /** At what those see who ask. */
  async #look(): Promise<void> {
    this.#count();
    this.checks.counts.health();
    this.checks.counts.nothingForgotten();
    await this.checks.lists.look(this, this.#program.store);
  }

  // --- the end -------------------------------------------------------------------------------------------------------

  async #calmPhase(): Promise<void> {
    this.#faulty = false;
    this.#diskFull = false;
    this.network.calm();
    // For the last time.
    if (this.dice.chance(0.5)) this.#setClock();
    await this.#do(reopenEndpoints);
    await this.#passTime(CATCH_UP_MS);
    this.checks.rest.nothingIsLate(CATCH_UP_MS, this.#program.kernel.seqs.last);
    await this.#untilQuiet();
    this.checks.rest.nothingWaits("after the calm phase");
  }

  /** Dead letters are not lost: sent again, they arrive wherever there is still somebody to take them. */
  async #redriveEverything(): Promise<void> {
    await this.#do(reopenEndpoints);
    await this.#do(redrive);
    await this.#untilQuiet();
    this.checks.rest.nothingWaits("after the last redrive");
  }
}

function macrotask(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
