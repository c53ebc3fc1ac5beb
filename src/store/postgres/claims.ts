import type { Claim, Queue } from "../index.ts";
import type { Database } from "./database.ts";
import type { Instance } from "./instance.ts";
import { LANE_PARTITIONS, lanePartitionOf } from "./lane-partition.ts";

/** Holds for a partition `p` whose instance is alive. */
const IS_SERVED = `EXISTS (SELECT 1 FROM instance i
  WHERE i.slot = p.slot AND i.fence = p.fence AND i.expires_at > clock_timestamp())`;

/**
 * Takes partitions for the instance `$1` with the fence `$2`, up to its fair share of all `$3`. Returns all that it
 * has, and the share. It is one statement, because nobody serves the lanes of an instance that has ended until then.
 */
const TAKE = `WITH serving AS (UPDATE instance SET serves = true WHERE slot = $1 AND fence = $2 AND NOT serves),
  fair AS (SELECT ceil($3::float8 / (count(*) + 1))::integer AS share FROM instance
    WHERE serves AND slot <> $1 AND expires_at > clock_timestamp()),
  owned AS (SELECT number FROM lane_partition WHERE slot = $1 AND fence = $2),
  free AS (SELECT number FROM lane_partition p WHERE NOT ${IS_SERVED} ORDER BY number
    LIMIT GREATEST(0, (SELECT share FROM fair) - (SELECT count(*) FROM owned)) FOR UPDATE SKIP LOCKED),
  taken AS (UPDATE lane_partition SET slot = $1, fence = $2 WHERE number IN (SELECT number FROM free) RETURNING number)
  SELECT number, share FROM (SELECT number FROM owned UNION SELECT number FROM taken) AS has, fair ORDER BY number`;

/** The claim of this process. It stays the same object while it covers the same lanes. */
class PartitionClaim implements Claim {
  constructor(
    readonly numbers: ReadonlySet<number>,
    private readonly instance: Instance,
  ) {}

  get validUntil(): number {
    return this.instance.validUntil;
  }

  owns(endpointSeq: number): boolean {
    return this.numbers.has(lanePartitionOf(endpointSeq));
  }
}

/**
 * Divides the lanes among the live instances that serve any. Each takes the partitions that nobody serves, up to its
 * fair share. An instance with more than that first stops to serve the others, and frees them with its
 * next renewal.
 */
export function claimVerbs(database: Database, instance: Instance): Pick<Queue, "claim" | "renew" | "release"> {
  let leaving: readonly number[] = [];

  const free = async (numbers: readonly number[]): Promise<void> => {
    if (numbers.length === 0) return;
    await database.run(
      "UPDATE lane_partition SET slot = -1, fence = -1 WHERE slot = $1 AND fence = $2 AND number = ANY ($3::integer[])",
      [instance.slot, instance.fence, `{${numbers.join(",")}}`],
    );
  };

  const take = async (): Promise<ReadonlySet<number>> => {
    await free(leaving);
    await instance.renew();
    const rows = await database.all<{ number: number; share: number }>(TAKE, [
      ...[instance.slot, instance.fence, LANE_PARTITIONS],
    ]);
    const numbers = rows.map(({ number }) => number);
    const share = rows[0]?.share ?? 0;
    leaving = numbers.slice(share);
    return new Set(numbers.slice(0, share));
  };

  return {
    claim: async () => new PartitionClaim(await take(), instance),
    renew: async (claim) => {
      const numbers = await take();
      const isSame = claim instanceof PartitionClaim && areEqual(claim.numbers, numbers);
      return isSame ? claim : new PartitionClaim(numbers, instance);
    },
    release: async () => {
      leaving = [];
      await database.run("UPDATE instance SET serves = false WHERE slot = $1 AND fence = $2", [
        instance.slot,
        instance.fence,
      ]);
      await database.run("UPDATE lane_partition SET slot = -1, fence = -1 WHERE slot = $1 AND fence = $2", [
        instance.slot,
        instance.fence,
      ]);
    },
  };
}

function areEqual(one: ReadonlySet<number>, other: ReadonlySet<number>): boolean {
  return one.size === other.size && [...one].every((number) => other.has(number));
}
