import { functionSender } from "../../../src/api/resources/message/function-sender.ts";
import { Facts } from "../../../src/core/facts.ts";
import type { FunctionMessage, FunctionSender } from "../../../src/core/function-message.ts";
import type { Seq } from "../../../src/core/id.ts";
import { ServiceStack } from "../../../src/core/service.ts";
import { assemble, type Kernel, type KernelSettings } from "../../../src/kernel.ts";
import type { Answer, Clock, OutgoingRequest, Shortage } from "../../../src/ports.ts";
import type { HostedCall, HostedResult, Sandbox } from "../../../src/sandbox/sandbox.ts";
import type { Store } from "../../../src/store/index.ts";
import type { MemoryStore } from "../../../src/store/sqlite/assemble.ts";
import { openMemoryStore } from "../../../src/store/sqlite/index.ts";
import type { VirtualClock } from "../clock.ts";
import type { Dice } from "../dice.ts";
import { never } from "../never.ts";
import { openSimDatabase } from "../sim-database.ts";

/** The server died before it responded. */
export class Died extends Error {}

/** Thrown right after a commit, so that the program does not learn of it. */
export class Crash extends Error {}

export interface Surroundings {
  readonly clock: VirtualClock;
  readonly dice: Dice;
  readonly settings: KernelSettings;
  /** Returns a number that no process has had. */
  readonly nextProcess: () => number;
  readonly onRequest: (site: Site, request: OutgoingRequest, signal: AbortSignal) => Promise<Answer | Shortage>;
  /** Runs the code of a function. */
  readonly onFunction: (site: Site, call: HostedCall, isRerun: boolean) => Promise<HostedResult>;
  /** Called when a function gets the id of a message that it has sent. */
  readonly onFunctionSent: (message: FunctionMessage, id: string) => void;
  /** Called after each commit. Returns whether the site crashes. */
  readonly crashesAfterCommit: (site: Site) => boolean;
  /** Called when the delivery of a message has ended with success. */
  readonly onDelivered: (site: Site, messageSeq: Seq, endpointSeq: Seq) => void;
  /** Changes the store of a site. */
  readonly plant: (store: Store) => Store;
}

/** An installation whose data outlive its processes. */
export class Site {
  readonly db = openSimDatabase();
  kernel!: Kernel;
  environmentSeq: Seq = 0;
  isAlive = false;
  /** Number of processes that have been started. */
  lives = 0;
  #process = 0;
  #memory!: MemoryStore;
  #death!: PromiseWithResolvers<never>;

  constructor(
    readonly name: string,
    private readonly around: Surroundings,
    /** How far its clock is ahead of that of the world, in ms. */
    private readonly aheadMs: number,
  ) {}

  get url(): string {
    return `https://${this.name}.example`;
  }

  async start(): Promise<void> {
    this.#boot();
    const { store, seqs, clock } = this.kernel;
    const created = { seq: seqs.next(), name: "default", createdAt: clock.now() };
    this.environmentSeq = (await store.configuration.environments.ensure(created)).seq;
    await new ServiceStack(this.kernel.services).start();
  }

  /** Ends the process. What it has not committed is lost. */
  kill(): void {
    if (!this.isAlive) return;
    this.isAlive = false;
    this.#memory.crash();
    this.around.clock.kill(this.#process);
    this.#death.reject(new Died(`${this.name} died.`));
  }

  /** Calls the program. Rejects with `Died` if the process ends before the result is known. */
  async call<T>(run: (kernel: Kernel) => Promise<T>): Promise<T> {
    if (!this.isAlive) throw new Died(`${this.name} is dead.`);
    const [process, death] = [this.#process, this.#death];
    const result = await Promise.race([run(this.kernel), death.promise]);
    if (!this.isAlive || this.#process !== process) throw new Died(`${this.name} died.`);
    return result;
  }

  #boot(): void {
    const { clock, settings, dice, plant } = this.around;
    if (this.db.inTransaction) this.db.run("ROLLBACK");
    this.lives++;
    this.#process = this.around.nextProcess();
    this.#death = Promise.withResolvers<never>();
    this.#death.promise.catch(() => {});
    this.isAlive = true;
    const own = clock.ofProcess(this.#process);
    const shifted = { ...own, now: () => own.now() + this.aheadMs };
    const facts = new Facts();
    const process = this.#process;
    this.#memory = openMemoryStore(this.db, shifted, (fact) => {
      const isCrash = fact.type === "commit.finished" && this.#is(process) && this.around.crashesAfterCommit(this);
      if (isCrash) {
        this.kill();
        throw new Crash();
      }
      facts.state(fact);
    });
    const ports = {
      clock: shifted,
      random: dice,
      transport: {
        send: (request: OutgoingRequest, signal: AbortSignal) =>
          this.#is(process) ? this.around.onRequest(this, request, signal) : never(),
      },
      resolver: { resolve: () => Promise.resolve(["93.184.216.34"]) },
      sandbox: this.#sandboxOf(process, own),
      functionSender: this.#functionSenderOf(process),
    };
    this.kernel = assemble({ store: plant(this.#memory.store), facts, ports, settings });
    facts.subscribe((fact) => {
      if (fact.type !== "attempt.finished" || fact.next !== "delivered" || !this.#is(process)) return;
      this.around.onDelivered(this, fact.messageSeq, fact.endpointSeq);
    });
  }

  #sandboxOf(process: number, clock: Clock): Sandbox {
    const { dice, onFunction } = this.around;
    return {
      // Only checks whether the code can be run.
      run: async () => ({ kind: "returned", json: null, logs: [] }),
      runHosted: async (_, prepare, isRerun) => {
        await new Promise<void>((resolve) => void clock.after(dice.below(30), resolve));
        return this.#is(process) ? onFunction(this, prepare(), isRerun) : never();
      },
    };
  }

  /** Returns what sends the messages of functions. After the process has ended, nothing learns of them. */
  #functionSenderOf(process: number): FunctionSender {
    const { settings, onFunctionSent } = this.around;
    const send = functionSender(() => this.kernel, settings.maxBodyBytes);
    return async (message) => {
      if (!this.#is(process)) return never();
      const reply = await send(message);
      if (!this.#is(process)) return never();
      if ("id" in reply) onFunctionSent(message, reply.id);
      return reply;
    };
  }

  #is(process: number): boolean {
    return this.isAlive && this.#process === process;
  }

  close(): void {
    this.kill();
    this.db.close();
  }
}
