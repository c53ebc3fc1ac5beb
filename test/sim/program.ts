import type { Database } from "bun:sqlite";
import { type Fact, Facts } from "../../src/core/fact.ts";
import { assemble, type Kernel, type KernelSettings } from "../../src/kernel.ts";
import type { Clock, Resolver, Transport } from "../../src/ports.ts";
import { type Store, StoreUnavailable } from "../../src/store/index.ts";
import { type MemoryStore, openMemoryStore } from "../../src/store/sqlite/index.ts";
import { Tally } from "../../src/telemetry/tally.ts";
import { type Canary, deafened, plant } from "./canary.ts";
import type { VirtualClock } from "./clock.ts";
import type { Dice } from "./dice.ts";
import type { Network } from "./network.ts";

/** What the program is put into. */
export interface Surroundings {
  readonly db: Database;
  readonly clock: VirtualClock;
  readonly dice: Dice;
  readonly network: Network;
  readonly policy: KernelSettings;
  readonly canary: Canary | null;
  readonly isDiskFull: () => boolean;
  /** Called right after each commit, before anybody is told of it. May throw: the program crashes there. */
  readonly afterCommit: () => void;
  /** Hears every fact for as long as the program lives. */
  readonly onFact: (fact: Fact) => void;
}

/** One life of the program, from its start to its crash. */
export class Program {
  readonly kernel: Kernel;
  readonly facts = new Facts();
  readonly clock: Clock;
  readonly #memory: MemoryStore;
  #tally: Tally | null = null;
  #isAlive = true;

  constructor(
    private readonly number: number,
    private readonly around: Surroundings,
  ) {
    const { db, dice, policy, canary } = around;
    this.clock = around.clock.ofProcess(number);
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
    const store = plant(canary, this.#memory.store, { dice, db });
    const ports = { clock: this.clock, random: dice, ...this.#connection() };
    this.kernel = assemble({ store, facts: this.facts, ports, settings: policy });
    this.facts.subscribe((fact) => {
      if (this.#isAlive) around.onFact(fact);
    });
  }

  get store(): Store {
    return this.kernel.store;
  }

  get isAlive(): boolean {
    return this.#isAlive;
  }

  /** Its own count of what it has; null until it has started. */
  get tally(): Tally | null {
    return this.#tally;
  }

  async start(): Promise<void> {
    const tally = new Tally(await this.store.history.totals());
    tally.listenTo(deafened(this.around.canary, this.facts));
    this.#tally = tally;
    await this.kernel.engine.start();
  }

  /** Whatever of it still runs has no effect. */
  crash(): void {
    this.#isAlive = false;
    this.#memory.crash();
    this.around.clock.kill(this.number);
    if (this.around.db.inTransaction) this.around.db.run("ROLLBACK");
  }

  /** The network, for as long as it lives. */
  #connection(): { readonly transport: Transport; readonly resolver: Resolver } {
    const { network } = this.around;
    const never = new Promise<never>(() => {});
    return {
      transport: { send: (request, signal) => (this.#isAlive ? network.send(request, signal) : never) },
      resolver: { resolve: (host, signal) => (this.#isAlive ? network.resolve(host, signal) : never) },
    };
  }
}
