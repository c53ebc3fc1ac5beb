import { acknowledgeLeases, leaseMessages, returnLeases } from "../../../src/commands/poller-groups.ts";
import type { Seq } from "../../../src/core/id.ts";
import { Problem } from "../../../src/core/problem.ts";
import type { GroupKey } from "../../../src/store/index.ts";
import { type Grant, GroupChecks } from "../checks/groups.ts";
import type { Dice } from "../dice.ts";
import type { Program } from "../program.ts";
import { MINUTE_MS } from "../scene.ts";
import type { World } from "../world.ts";

const WORKERS_MAX = 3;
/** Number of calls after which a worker is content. */
const CALLS_MAX = 60;
const LEASE_MS = [1000, 30_000, 10 * MINUTE_MS];
const PAUSE_MS = [3, 300, 20_000, 3 * MINUTE_MS];
/** Number of messages in a call when everything is leased at the end. */
const LAST_LIMIT = 250;

/** A group of simulated workers. Their leases outlive the program, as they do in real workers. */
export class SimGroup {
  readonly checks: GroupChecks;

  constructor(
    world: World,
    private readonly dice: Dice,
    private readonly key: GroupKey,
    private readonly after: Seq,
  ) {
    const { db, clock, marks, checks } = world;
    this.checks = new GroupChecks(key, after, { db, clock, marks, violation: checks.violation });
    const workers = dice.between(1, WORKERS_MAX);
    for (let i = 0; i < workers; i++) new Worker(this, world, dice).start();
  }

  async lease({ kernel, number }: Program, limit: number, leaseMs: number): Promise<Grant[]> {
    const leasing = this.checks.leasing(leaseMs);
    const leases = await leaseMessages(kernel, this.key, { limit, leaseMs, after: this.after });
    return leasing.granted(leases, number);
  }

  async acknowledge({ kernel, number }: Program, grants: readonly Grant[]): Promise<void> {
    const acknowledged = this.checks.acknowledging(grants, number);
    try {
      await acknowledgeLeases(kernel, this.key, grants, ({ messageSeq }) => String(messageSeq));
      acknowledged(true);
    } catch (error) {
      if (!(error instanceof Problem && error.code === "lease_expired")) throw error;
      acknowledged(false);
    }
  }

  async giveBack({ kernel }: Program, grants: readonly Grant[]): Promise<void> {
    for (const grant of grants) grant.isReturned = true;
    await returnLeases(kernel, this.key, grants);
  }

  /** Leases and acknowledges everything that is left. */
  async drain(program: Program): Promise<void> {
    for (;;) {
      const grants = await this.lease(program, LAST_LIMIT, this.dice.pick(LEASE_MS));
      if (grants.length === 0) return;
      await this.acknowledge(program, grants);
    }
  }
}

/** A worker of a group. It may work on its messages for too long, give them back or forget them. */
class Worker {
  #held: Grant[] = [];
  #calls = 0;

  constructor(
    private readonly group: SimGroup,
    private readonly world: World,
    private readonly dice: Dice,
  ) {}

  start(): void {
    this.#actLater();
  }

  #actLater(): void {
    this.world.clock.at(this.dice.below(this.dice.pick(PAUSE_MS)), () => this.#act());
  }

  #act(): void {
    const { world } = this;
    if (!world.faults.areOn || this.#calls >= CALLS_MAX) return;
    this.#actLater();
    if (!world.program.isAlive || world.lives.isStopping) return;
    this.#calls++;
    void world.calls.launch((_, program) => this.#call(program));
  }

  async #call(program: Program): Promise<void> {
    const { dice, group } = this;
    const held = this.#held;
    if (held.length === 0) {
      const grants = await group.lease(program, dice.pick([1, 3, 10]), dice.pick(LEASE_MS));
      if (program.isAlive) this.#held = grants;
      return;
    }
    const roll = dice.next();
    // A worker that has crashed or gives up leaves its leases to their end.
    if (roll < 0.7) await group.acknowledge(program, held);
    else if (roll < 0.85) await group.giveBack(program, held);
    // Some acknowledge twice.
    if (roll < 0.1 || roll > 0.3) this.#held = [];
  }
}
