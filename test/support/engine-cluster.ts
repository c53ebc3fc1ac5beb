import type { Seq } from "../../src/core/id.ts";
import type { Kernel } from "../../src/kernel.ts";
import type { Endpoint } from "../../src/store/index.ts";
import { ClaimBoard } from "./claim-board.ts";
import { type Behaviour, EngineWorld, type Reaction, SECOND, type WorldOptions } from "./engine-world.ts";

/** How long a claim of these engines is valid, in ms. */
export const VALID_MS = 10 * SECOND;

/** Two engines, `one` and `two`, on one store. */
export class Cluster implements Disposable {
  readonly board = new ClaimBoard(VALID_MS);
  world!: EngineWorld;
  two!: Kernel;
  /** All attempts, each with the engine that made it. */
  readonly attempts: Array<{ readonly by: "one" | "two"; readonly endpointSeq: Seq }> = [];

  static async open(policy: WorldOptions["policy"] = {}): Promise<Cluster> {
    const cluster = new Cluster();
    const granting = cluster.board.for("one");
    // The engine knows that another one uses the store.
    const isShared = () => true;
    cluster.world = await EngineWorld.open({
      policy,
      wrapStore: (store, clock) => ({ ...granting(store, clock), feed: { ...store.feed, isShared } }),
    });
    cluster.two = await cluster.world.join(cluster.board.for("two"));
    for (const [by, { facts }] of [
      ["one", cluster.one],
      ["two", cluster.two],
    ] as const) {
      facts.on(["attempt.started"], ({ endpointSeq }) => cluster.attempts.push({ by, endpointSeq }));
    }
    return cluster;
  }

  [Symbol.dispose](): void {
    this.world[Symbol.dispose]();
  }

  get one(): Kernel {
    return this.world.kernel;
  }

  /**
   * Creates an endpoint whose lane is served by the engine `by` after that engine's next renewal.
   */
  async endpoint(
    by: "one" | "two",
    behaviour: Reaction | Behaviour,
    change: Partial<Endpoint> = {},
  ): Promise<Endpoint> {
    const endpoint = await this.world.endpoint(`${by}-${this.attempts.length}-${this.world.time}`, behaviour, change);
    this.board.assign(endpoint.seq, by);
    await this.world.pass(VALID_MS);
    return endpoint;
  }

  /** Returns the engines that made the attempts of an endpoint. */
  servedBy({ seq }: Endpoint): string[] {
    return this.attempts.filter(({ endpointSeq }) => endpointSeq === seq).map(({ by }) => by);
  }

  /** Moves a lane to another engine. The move takes effect when both engines renew their claims. */
  async move({ seq }: Endpoint, to: "one" | "two"): Promise<void> {
    this.board.assign(seq, to);
    await this.world.pass(VALID_MS);
  }
}
