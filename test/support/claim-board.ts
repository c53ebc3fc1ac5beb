import type { Seq } from "../../src/core/id.ts";
import type { Clock } from "../../src/ports.ts";
import { type Claim, type LaneWishes, type Store, StoreUnavailable, type Task } from "../../src/store/index.ts";
import { storeWith } from "./store-with.ts";

/**
 * Shares the lanes of one store among engines, like a store for several processes. The board
 * assigns each lane to an engine. The engine gets the lane when it renews its claim and no valid
 * claim of another engine covers the lane any longer.
 */
export class ClaimBoard {
  /** Names of engines whose claims cannot be renewed. */
  readonly cutOff = new Set<string>();
  /** Calls of the engines in order, such as `one renews`. */
  readonly calls: string[] = [];
  /** Running tasks whose process has died. The first engine that leases tasks gets them. */
  readonly orphans: Task[] = [];
  /** Until it resolves, engines do not find out which lanes have pending deliveries. */
  finding: Promise<void> = Promise.resolve();
  readonly #wanted = new Map<Seq, string>();
  readonly #claims = new Map<string, Claim & { validUntil: number; readonly lanes: ReadonlySet<Seq> }>();

  constructor(readonly validMs: number) {}

  assign(endpointSeq: Seq, name: string): void {
    this.#wanted.set(endpointSeq, name);
  }

  /** Returns the lanes that the latest claim of an engine covers. */
  lanesOf(name: string): ReadonlySet<Seq> {
    return this.#claims.get(name)?.lanes ?? new Set();
  }

  /** Returns the store as the engine with this name sees it. */
  readonly for = (name: string) => (store: Store, clock: Clock) => {
    const grant = async (what: string, { kept }: LaneWishes): Promise<Claim> => {
      this.calls.push(`${name} ${what}`);
      if (this.cutOff.has(name)) throw new StoreUnavailable("The store cannot be reached.");
      return this.#grant(name, kept, clock.now());
    };
    const { pendingLanes } = store.queue;
    const lease = async () => this.orphans.splice(0);
    return storeWith(store, {
      queue: {
        claim: (wishes) => grant("claims", wishes),
        renew: (_claim, wishes) => grant("renews", wishes),
        release: async () => {
          this.calls.push(`${name} releases`);
          this.#claims.delete(name);
        },
        pendingLanes: async (claim, after, limit) => {
          await this.finding;
          const lanes = await pendingLanes(claim, after, limit);
          return lanes.filter(({ endpointSeq }) => claim.owns(endpointSeq));
        },
      },
      housekeeping: { tasks: { ...store.housekeeping.tasks, lease } },
    });
  };

  #grant(name: string, kept: LaneWishes["kept"], now: number): Claim {
    const taken = new Set<Seq>();
    for (const [other, { lanes, validUntil }] of this.#claims) {
      if (other !== name && validUntil > now) for (const lane of lanes) taken.add(lane);
    }
    const wanted = [...this.#wanted].filter(
      ([lane, who]) => who === name && !taken.has(lane) && (kept?.includes(lane) ?? true),
    );
    const lanes = new Set(wanted.map(([lane]) => lane));
    const validUntil = now + this.validMs;
    const before = this.#claims.get(name);
    if (before !== undefined && before.lanes.symmetricDifference(lanes).size === 0) {
      before.validUntil = validUntil;
      return before;
    }
    const claim = { validUntil, lanes, owns: (lane: Seq) => lanes.has(lane) };
    this.#claims.set(name, claim);
    return claim;
  }
}
