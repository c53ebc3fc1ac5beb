import type { Seq } from "../../../core/id.ts";
import type { Claim } from "../../index.ts";
import type { Queries } from "../connection/database.ts";
import { numberArray } from "../connection/parameters.ts";
import type { Instance } from "./instance.ts";
import { hasLiveOwner } from "./instance-row.ts";
import { lanePartitionOf } from "./lane-partition.ts";

interface Row {
  readonly endpointSeq: Seq;
  readonly isOurs: boolean;
  /** Whether the instance that has the lane's partition has stopped to serve the lane. */
  readonly ready: boolean;
}

/** The partitions of this process. */
export interface Partitions {
  readonly serving: ReadonlySet<number>;
  /** Those that it has, but leaves. */
  readonly leaving: ReadonlySet<number>;
}

/** The exceptions from the rule that an instance serves the lanes of its partitions. */
export interface Exceptions {
  /** Lanes that this process serves, whoever has their partition. */
  readonly own: ReadonlySet<Seq>;
  /** Lanes in partitions of this process that it does not serve. */
  readonly foreign: ReadonlySet<Seq>;
}

/**
 * The lanes of `websocket:` endpoints with consumers. They are served by an instance to which consumers are
 * connected, rather than by the one that has their partition.
 *
 * An instance asks for such a lane with a row. The one that has the partition then stops to serve the lane, and
 * says so in the row with its next renewal. An instance whose last consumer has disconnected stops to
 * serve the lane, and deletes its row with the next renewal. Of several instances with consumers of one
 * endpoint, the first one serves the lane as long as it has any.
 */
export class PreferredLanes {
  constructor(
    private readonly queries: Queries,
    private readonly instance: Instance,
    /** Called after a change that the other instances must learn of. */
    private readonly onChanged: () => void,
  ) {}

  /**
   * Asks for wished lanes, gives back others, and returns what holds from now on. `before` is the claim that the
   * engine has acted on.
   */
  async exchange(
    wished: ReadonlySet<Seq>,
    before: Claim | null,
    { serving, leaving }: Partitions,
  ): Promise<Exceptions> {
    const rows = await this.#read();
    const missing = [...wished].filter((seq) => !rows.has(seq));
    for (const endpointSeq of await this.#ask(missing))
      rows.set(endpointSeq, { endpointSeq, isOurs: true, ready: false });
    const [own, foreign, settled, returned] = [new Set<Seq>(), new Set<Seq>(), new Set<Seq>(), new Set<Seq>()];
    for (const { endpointSeq, isOurs, ready } of rows.values()) {
      const partition = lanePartitionOf(endpointSeq);
      const isServed = before?.owns(endpointSeq) ?? false;
      const has = serving.has(partition) || leaving.has(partition);
      if (isOurs && !wished.has(endpointSeq)) {
        if (serving.has(partition) || !isServed) returned.add(endpointSeq);
        if (serving.has(partition)) continue;
      }
      const isReady = ready || (has && (isOurs || !isServed));
      if (isReady && !ready) settled.add(endpointSeq);
      if (isOurs && isReady && wished.has(endpointSeq)) own.add(endpointSeq);
      else if (serving.has(partition)) foreign.add(endpointSeq);
    }
    await this.#settle([...settled]);
    await this.#giveBack([...returned]);
    return { own, foreign };
  }

  /** Gives back all lanes. */
  async release(): Promise<void> {
    const { slot, fence } = this.instance;
    await this.queries.run("DELETE FROM preferred_lane WHERE slot = $1 AND fence = $2", [slot, fence]);
  }

  async #read(): Promise<Map<Seq, Row>> {
    const { slot, fence } = this.instance;
    const rows = await this.queries.all<Row>(
      `SELECT endpoint_seq AS "endpointSeq", slot = $1 AND fence = $2 AS "isOurs", ready FROM preferred_lane r WHERE ${hasLiveOwner("r")}`,
      [slot, fence],
    );
    return new Map(rows.map((row) => [row.endpointSeq, row]));
  }

  /** Returns the lanes that no other live instance has asked for. */
  async #ask(endpointSeqs: readonly Seq[]): Promise<readonly Seq[]> {
    if (endpointSeqs.length === 0) return [];
    const { slot, fence } = this.instance;
    const rows = await this.queries.all<Pick<Row, "endpointSeq">>(
      `INSERT INTO preferred_lane AS r SELECT seq, $1, $2, false FROM unnest($3::bigint[]) AS seq ORDER BY seq
       ON CONFLICT (endpoint_seq) DO UPDATE SET slot = excluded.slot, fence = excluded.fence, ready = false WHERE NOT ${hasLiveOwner("r")}
       RETURNING endpoint_seq AS "endpointSeq"`,
      [slot, fence, numberArray(endpointSeqs)],
    );
    if (rows.length > 0) this.onChanged();
    return rows.map(({ endpointSeq }) => endpointSeq);
  }

  /** States that this process does not serve the lanes as a part of its partitions. */
  async #settle(endpointSeqs: readonly Seq[]): Promise<void> {
    if (endpointSeqs.length === 0) return;
    const { slot, fence } = this.instance;
    await this.queries.run(
      `UPDATE preferred_lane SET ready = true FROM unnest($3::bigint[], $4::integer[]) AS lane(seq, partition)
       JOIN lane_partition p ON p.number = lane.partition AND p.slot = $1 AND p.fence = $2
       WHERE endpoint_seq = lane.seq`,
      [slot, fence, numberArray(endpointSeqs), numberArray(endpointSeqs.map(lanePartitionOf))],
    );
    this.onChanged();
  }

  async #giveBack(endpointSeqs: readonly Seq[]): Promise<void> {
    if (endpointSeqs.length === 0) return;
    const { slot, fence } = this.instance;
    await this.queries.run(
      "DELETE FROM preferred_lane WHERE slot = $1 AND fence = $2 AND endpoint_seq = ANY ($3::bigint[])",
      [slot, fence, numberArray(endpointSeqs)],
    );
    this.onChanged();
  }
}
