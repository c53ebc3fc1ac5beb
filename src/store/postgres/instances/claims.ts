import type { Signal } from "../../../core/signal.ts";
import { type Claim, type LaneWishes, type Queue, StoreUnavailable } from "../../index.ts";
import type { Queries } from "../connection/database.ts";
import type { Instance } from "./instance.ts";
import { hasLiveOwner } from "./instance-row.ts";
import { LANE_PARTITIONS, lanePartitionOf } from "./lane-partition.ts";
import { type Exceptions, PreferredLanes } from "./preferred-lanes.ts";

/**
 * Takes partitions for the instance `$1` with the fence `$2`, up to its fair share of all `$3`. Returns all that it
 * has, and the share. It is one statement, because nobody serves the lanes of an instance that has ended until then.
 */
const TAKE = `WITH serving AS (UPDATE instance SET serves = true WHERE slot = $1 AND fence = $2 AND NOT serves RETURNING slot),
  fair AS (SELECT ceil($3::float8 / (count(*) + 1))::integer AS share FROM instance
    WHERE serves AND slot <> $1 AND expires_at > clock_timestamp()),
  owned AS (SELECT number FROM lane_partition WHERE slot = $1 AND fence = $2),
  free AS (SELECT number FROM lane_partition p WHERE NOT ${hasLiveOwner("p")} ORDER BY number
    LIMIT GREATEST(0, (SELECT share FROM fair) - (SELECT count(*) FROM owned)) FOR UPDATE SKIP LOCKED),
  taken AS (UPDATE lane_partition SET slot = $1, fence = $2 WHERE number IN (SELECT number FROM free) RETURNING number),
  has AS (SELECT number FROM owned UNION SELECT number FROM taken)
  SELECT share, EXISTS (SELECT FROM serving) AS "isNew",
    COALESCE((SELECT json_agg(number ORDER BY number) FROM has), '[]') AS partitions FROM fair`;

interface Taken {
  readonly partitions: readonly number[];
  readonly share: number;
  /** Whether this process served no lanes before. */
  readonly isNew: boolean;
}

/** The row of this process in the table `instance`, as parameters. */
type Self = readonly [slot: number, fence: number];

/** The claim of this process. It stays the same object while it covers the same lanes. */
class PartitionClaim implements Claim {
  constructor(
    readonly partitions: ReadonlySet<number>,
    readonly exceptions: Exceptions,
    private readonly instance: Instance,
    /** The row under which the partitions were read. */
    private readonly self: Self,
  ) {}

  /** Grows with the lease. A process that was evicted has nothing of what its old row owned. */
  get validUntil(): number {
    return this.isOfInstance ? this.instance.validUntil : 0;
  }

  /** False if the process has taken another row since the partitions were read. */
  get isOfInstance(): boolean {
    const [slot, fence] = this.self;
    return this.instance.slot === slot && this.instance.fence === fence;
  }

  owns(endpointSeq: number): boolean {
    const { own, foreign } = this.exceptions;
    if (own.has(endpointSeq)) return true;
    return this.partitions.has(lanePartitionOf(endpointSeq)) && !foreign.has(endpointSeq);
  }

  covers(partitions: ReadonlySet<number>, { own, foreign }: Exceptions): boolean {
    return (
      this.isOfInstance &&
      areEqual(this.partitions, partitions) &&
      areEqual(this.exceptions.own, own) &&
      areEqual(this.exceptions.foreign, foreign)
    );
  }
}

export interface ClaimParts {
  /** Queries that nothing else delays for long. */
  readonly queries: Queries;
  readonly instance: Instance;
  /** Reports a signal to the other instances. */
  readonly publish: (signal: Signal) => void;
}

/**
 * Divides the lanes among the live instances that serve any. Each takes the partitions that nobody serves, up to its
 * fair share. An instance that has more than its share stops serving the excess, and frees it with its next
 * renewal. It tells the others when it has freed some, and when it wants some. Lanes whose consumers are
 * connected to another instance are exceptions.
 */
export class Claims implements Pick<Queue, "claim" | "renew" | "release"> {
  /** Partitions that this process has, but does not serve any more. */
  #leaving: readonly number[] = [];
  readonly #preferred: PreferredLanes;

  constructor(private readonly parts: ClaimParts) {
    this.#preferred = new PreferredLanes(parts.queries, parts.instance, () => this.#tellOthers());
  }

  readonly claim = (wishes: LaneWishes): Promise<Claim> => this.#take(wishes, null);

  readonly renew = (claim: Claim, wishes: LaneWishes): Promise<Claim> => this.#take(wishes, claim);

  readonly release = async (): Promise<void> => {
    this.#leaving = [];
    const self = this.#self;
    await this.#stopServing(self);
    await this.parts.queries.run(
      "UPDATE lane_partition SET slot = -1, fence = -1 WHERE slot = $1 AND fence = $2",
      self,
    );
    await this.#preferred.release();
    this.#tellOthers();
  };

  get #self(): Self {
    return [this.parts.instance.slot, this.parts.instance.fence];
  }

  async #take({ preferred, kept }: LaneWishes, before: Claim | null): Promise<Claim> {
    const { instance } = this.parts;
    await this.#free();
    await instance.renew();
    // The process may be evicted, and take another row, while it waits for a statement.
    const self = this.#self;
    const serving = new Set(
      kept === null ? await this.#takeShare(self) : await this.#keepOnly(self, new Set(kept.map(lanePartitionOf))),
    );
    const wished = new Set(kept === null ? preferred : preferred.filter((seq) => kept.includes(seq)));
    const leaving = new Set(this.#leaving);
    const exceptions = await this.#preferred.exchange(wished, before, { serving, leaving });
    const isSame = before instanceof PartitionClaim && before.covers(serving, exceptions);
    const claim = isSame ? before : new PartitionClaim(serving, exceptions, instance, self);
    if (!claim.isOfInstance) throw new StoreUnavailable("This process was evicted while it claimed its lanes.");
    return claim;
  }

  async #free(): Promise<void> {
    if (this.#leaving.length === 0) return;
    await this.parts.queries.run(
      "UPDATE lane_partition SET slot = -1, fence = -1 WHERE slot = $1 AND fence = $2 AND number = ANY ($3::integer[])",
      [...this.#self, `{${this.#leaving.join(",")}}`],
    );
    this.#leaving = [];
    this.#tellOthers();
  }

  #tellOthers(): void {
    this.parts.publish({ type: "instances.changed" });
  }

  async #takeShare(self: Self): Promise<readonly number[]> {
    const taken = (await this.parts.queries.first<Taken>(TAKE, [...self, LANE_PARTITIONS]))!;
    if (taken.isNew) this.#tellOthers();
    this.#leaving = taken.partitions.slice(taken.share);
    return taken.partitions.slice(0, taken.share);
  }

  async #keepOnly(self: Self, kept: ReadonlySet<number>): Promise<readonly number[]> {
    await this.#stopServing(self);
    const rows = await this.parts.queries.all<{ number: number }>(
      "SELECT number FROM lane_partition WHERE slot = $1 AND fence = $2",
      self,
    );
    const partitions = rows.map(({ number }) => number);
    this.#leaving = partitions.filter((partition) => !kept.has(partition));
    return partitions.filter((partition) => kept.has(partition));
  }

  /** Leaves the share of this process to the others. */
  async #stopServing(self: Self): Promise<void> {
    await this.parts.queries.run("UPDATE instance SET serves = false WHERE slot = $1 AND fence = $2 AND serves", self);
  }
}

function areEqual(one: ReadonlySet<number>, other: ReadonlySet<number>): boolean {
  return one.size === other.size && one.isSubsetOf(other);
}
