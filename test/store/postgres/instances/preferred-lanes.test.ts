import { afterAll, describe, expect, test } from "bun:test";
import { SQL } from "bun";
import type { Seq } from "../../../../src/core/id.ts";
import type { Claim, Store } from "../../../../src/store/index.ts";
import { openStore } from "../../../../src/store/postgres/index.ts";
import { LANE_PARTITIONS } from "../../../../src/store/postgres/instances/lane-partition.ts";
import { hasPostgres } from "../../../support/postgres.ts";
import { closeSharedServer, optionsFor, sharedServer } from "../open.ts";

afterAll(closeSharedServer);

/** Numbers of endpoints in all partitions. */
const ENDPOINTS = Array.from({ length: 2 * LANE_PARTITIONS }, (_, i) => (i + 1) * 4096);

/** An instance whose engine acts on each claim at once. */
class Process {
  preferred: readonly Seq[] = [];
  kept: readonly Seq[] | null = null;
  claim!: Claim;

  constructor(readonly store: Store) {}

  async renew(): Promise<void> {
    const { preferred, kept } = this;
    this.claim = await this.store.queue.renew(this.claim, { preferred, kept });
  }
}

class Group {
  private constructor(
    readonly processes: readonly Process[],
    readonly sql: SQL,
  ) {}

  static async open(count: number): Promise<Group> {
    const url = await (await sharedServer()).createDatabase();
    const processes: Process[] = [];
    while (processes.length < count) processes.push(new Process(await openStore(optionsFor(url))));
    for (const process of processes) process.claim = await process.store.queue.claim({ preferred: [], kept: null });
    const group = new Group(processes, new SQL(url, { max: 1 }));
    await group.settle();
    return group;
  }

  /** Renews all claims until nothing changes. Fails if two processes serve a lane at any time. */
  async settle(): Promise<void> {
    for (let round = 0; round < 5; round++) {
      for (const process of this.processes) {
        await process.renew();
        for (const seq of ENDPOINTS) expect(this.servers(seq).length).toBeLessThan(2);
      }
    }
    for (const seq of ENDPOINTS) expect(this.servers(seq)).toHaveLength(1);
  }

  servers(seq: Seq): readonly Process[] {
    return this.processes.filter(({ claim }) => claim.owns(seq));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { store } of this.processes) await store.close();
    await this.sql.close();
  }
}

describe.skipIf(!hasPostgres)("the lane of an endpoint with consumers", () => {
  test("the process with the consumers of an endpoint serves its lane, whoever has the partition, until they have disconnected", async () => {
    await using group = await Group.open(3);
    const [one, two, three] = group.processes as [Process, Process, Process];
    const [mine, foreign] = [
      ENDPOINTS.find((seq) => one.claim.owns(seq))!,
      ENDPOINTS.find((seq) => two.claim.owns(seq))!,
    ];
    one.preferred = [mine, foreign];
    await group.settle();
    expect([group.servers(mine), group.servers(foreign)]).toEqual([[one], [one]]);
    one.preferred = [];
    three.preferred = [foreign];
    await group.settle();
    expect([group.servers(mine), group.servers(foreign)]).toEqual([[one], [three]]);
    three.preferred = [];
    await group.settle();
    expect(group.servers(foreign)).toEqual([two]);
  });

  test("the first of several processes with consumers of an endpoint serves its lane as long as it has any", async () => {
    await using group = await Group.open(2);
    const [one, two] = group.processes as [Process, Process];
    const seq = ENDPOINTS.find((endpoint) => one.claim.owns(endpoint))!;
    two.preferred = [seq];
    await group.settle();
    one.preferred = [seq];
    await group.settle();
    expect(group.servers(seq)).toEqual([two]);
    two.preferred = [];
    await group.settle();
    expect(group.servers(seq)).toEqual([one]);
  });

  test("the process that has the partition of a lane serves the lane after the one with the consumers has ended", async () => {
    await using group = await Group.open(2);
    const [one, two] = group.processes as [Process, Process];
    const seq = ENDPOINTS.find((endpoint) => one.claim.owns(endpoint))!;
    two.preferred = [seq];
    await group.settle();
    expect(group.servers(seq)).toEqual([two]);
    await group.sql`UPDATE instance SET expires_at = '-infinity' WHERE slot = 1`;
    await one.renew();
    expect(one.claim.owns(seq)).toBe(true);
  });

  test("a process that is about to stop leaves the lane of its consumers to others unless an attempt is under way in it", async () => {
    await using group = await Group.open(2);
    const [one, two] = group.processes as [Process, Process];
    const [busy, idle] = ENDPOINTS.filter((endpoint) => one.claim.owns(endpoint)) as [Seq, Seq];
    two.preferred = [busy, idle];
    await group.settle();
    two.kept = [busy];
    await group.settle();
    expect([group.servers(busy), group.servers(idle)]).toEqual([[two], [one]]);
    await two.store.queue.release(two.claim);
    await one.renew();
    expect(one.claim.owns(busy)).toBe(true);
  });
});
