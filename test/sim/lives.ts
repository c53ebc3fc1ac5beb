import { adoptEndpoints } from "./furnish.ts";
import { Program } from "./program.ts";
import { Observer } from "./watch/observer.ts";
import type { World } from "./world.ts";

/** Time for which a stopped program is watched. */
const WATCH_MS = 30_000;
/**
 * Chances that faults are aimed at a start or a stop, which are too short for random faults to hit.
 */
const CRASHES_AIMED = 0.5;
const FULL_DISKS_AIMED = 0.1;

/**
 * The lives of the program. It is started, stopped and killed, and each life continues with the
 * same data.
 */
export class Lives {
  program: Program;
  observer: Observer;
  crashes = 0;
  stops = 0;
  isStopping = false;
  #isStarting = false;
  #count = 0;

  constructor(private readonly world: World) {
    this.observer = this.#newObserver();
    this.program = this.#boot();
  }

  async start(): Promise<void> {
    this.#isStarting = true;
    const { program } = this;
    await this.world.calls.do(() => program.start());
    if (program.isAlive) this.#isStarting = false;
  }

  /** Ends the program immediately. */
  kill(): void {
    this.observer.crashedAfterCommit();
    this.program.end();
  }

  /** Ends the program immediately and starts the next life. */
  async crash(): Promise<void> {
    const { faults, marks, checks, note } = this.world;
    faults.isCrashDue = false;
    this.crashes++;
    this.observer.crashed();
    if (this.#isStarting) marks.hit("crash: during a start");
    if (this.isStopping) marks.hit("crash: during a stop");
    if (faults.isDiskFull) marks.hit("crash: with a full disk");
    note("crash");
    this.program.end();
    checks.operational.mayBeLost();
    checks.sources.programCrashed();
    checks.consumers.programCrashed();
    checks.sources.counts.mayBeLost(this.#diskFaults());
    await checks.signatures.programCrashed(this.program.directStore);
    await this.#startNext();
  }

  /** Stops the program as an operator does, and starts the next life. */
  async stop(): Promise<void> {
    const { program } = this;
    const { world } = this;
    world.note("stop");
    this.isStopping = true;
    await world.calls.untilReturned();
    if (!program.isAlive) return;
    this.stops++;
    const wereUnderWay = world.inFlight.attempts.size > 0;
    if (world.rates.faults.fullDisk > 0 && world.dice.chance(FULL_DISKS_AIMED)) world.faults.fillDisk();
    const wasFull = world.faults.isDiskFull;
    if (this.#isCrashAimed()) this.#crashWithin(1000, () => this.isStopping);
    await world.calls.do(() => program.stop());
    if (!program.isAlive) return;
    program.hasStopped();
    this.#countStop(wereUnderWay, wasFull);
    await world.steps.passTime(WATCH_MS);
    program.end();
    await this.#startNext();
  }

  #countStop(wereUnderWay: boolean, wasFull: boolean): void {
    const { marks, checks, inFlight, faults } = this.world;
    const wasCutOff = inFlight.attempts.size > 0;
    if (wasCutOff) marks.hit("stop: cut attempts off");
    else marks.hit(wereUnderWay ? "stop: waited for attempts" : "stop: nothing under way");
    const isFull = wasFull || faults.isDiskFull;
    if (isFull) marks.hit("stop: with a full disk");
    if (wasCutOff || isFull) checks.operational.mayBeLost();
    else checks.operational.nothingIsMissing("after a stop");
    if (isFull) checks.sources.counts.mayBeLost(this.#diskFaults());
    else checks.sources.counts.nothingIsMissing("after a stop", this.#diskFaults());
  }

  #diskFaults(): { readonly isDiskFaulty: boolean } {
    return { isDiskFaulty: this.world.rates.faults.fullDisk > 0 };
  }

  /** Ends the program after some turns of the clock in the same ms. */
  crashAfterTurns(turns: number): void {
    const { program, world } = this;
    world.clock.at(0, () => {
      if (program !== this.program || program.isStopped) return;
      if (turns > 0) this.crashAfterTurns(turns - 1);
      else world.faults.isCrashDue = true;
    });
  }

  #isCrashAimed(): boolean {
    const { faults, rates, dice } = this.world;
    return faults.areOn && rates.faults.crash > 0 && dice.chance(CRASHES_AIMED);
  }

  #crashWithin(ms: number, isStill: () => boolean): void {
    const { clock, dice, faults } = this.world;
    const { program } = this;
    clock.at(dice.below(ms), () => {
      if (program === this.program && !program.isStopped && isStill()) faults.isCrashDue = true;
    });
  }

  async #startNext(): Promise<void> {
    const { world } = this;
    const { faults, rates, dice } = world;
    world.clock.skip(dice.between(5, 500));
    if (faults.areOn && rates.faults.clockStep > 0 && dice.chance(0.2)) faults.setClock();
    world.checks.programStarted();
    world.programEnded();
    this.isStopping = false;
    this.observer = this.#newObserver();
    this.program = this.#boot();
    await adoptEndpoints(world);
    if (this.#isCrashAimed()) this.#crashWithin(10, () => this.#isStarting);
    await this.start();
  }

  #newObserver(): Observer {
    const { db, clock, marks, inFlight, checks, aims } = this.world;
    return new Observer({
      ...{ db, clock, marks, inFlight },
      aim: (name, target, forMs) => aims.take(name, target, forMs),
      onCancel: () => checks.attempts.cancelling(),
      onHasten: (endpointSeq) => checks.attempts.hastened(endpointSeq),
      onAccept: (messages) => checks.sources.accepting(messages),
    });
  }

  #boot(): Program {
    const { world } = this;
    const { db, clock, dice, network, brokers, sandbox, settings, canary, faults, checks, inFlight } = world;
    return new Program(this.#count++, {
      ...{ db, clock, dice, network, brokers, sandbox, settings, canary, inFlight, observer: this.observer },
      queueChecks: checks.sources.queues,
      isDiskFull: () => faults.isDiskFull,
      slowness: () => faults.slowness(),
      afterCommit: () => {
        checks.sources.committed();
        faults.afterCommit();
      },
      onPrune: () => checks.ending.mayBePruned(clock.wall, settings.retentionMs),
      onFact: (fact) => world.happened(fact),
      onFunctionSent: (message, id) => checks.functions.messageSent(message, id, this.program.kernel.ids),
    });
  }
}
