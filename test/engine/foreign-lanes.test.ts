import { describe, expect, test } from "bun:test";
import { Cluster } from "../support/engine-cluster.ts";
import { MINUTE, SECOND } from "../support/engine-world.ts";

/** Opens two engines, of which `two` has messages that wait. Returns what `one` finds in the lanes of both. */
async function waitingWorld() {
  const cluster = await Cluster.open({ backlogThresholdMs: 0, endpointConcurrency: 1 });
  const { world, one } = cluster;
  const oldest = async (ageMs: number, isCounted = () => true) => {
    const found = await world.do(() => one.engine.oldestDueAnywhere(ageMs, isCounted));
    return [...found.values()].map(({ dueAt, endpoint }) => ({ at: dueAt, endpointSeq: endpoint.seq }));
  };
  return { cluster, world, oldest };
}

describe("the oldest due delivery that an engine finds in the lanes of another engine", () => {
  test("a delivery that waits behind a hanging one is found when it has waited for long enough", async () => {
    const { cluster, world, oldest } = await waitingWorld();
    using _ = cluster;
    const endpoint = await cluster.endpoint("two", "hang");
    const at = world.now;
    await world.send(endpoint, 3);
    await world.pass(10 * SECOND);
    expect(await oldest(11 * SECOND)).toEqual([]);
    expect(await oldest(9 * SECOND)).toEqual([{ at, endpointSeq: endpoint.seq }]);
  });

  test("the oldest of all lanes is found, whichever engine serves it", async () => {
    const { cluster, world, oldest } = await waitingWorld();
    using _ = cluster;
    const endpoints = [];
    for (const by of ["two", "one", "two", "one"] as const) endpoints.push(await cluster.endpoint(by, "hang"));
    const waiting: { readonly at: number; readonly endpointSeq: number }[] = [];
    for (const endpoint of endpoints) {
      waiting.push({ at: world.now, endpointSeq: endpoint.seq });
      await world.send(endpoint, 3);
      await world.pass(SECOND);
    }
    for (const [i, endpoint] of endpoints.entries()) {
      expect(await oldest(0)).toEqual([waiting[i]!]);
      await world.update(endpoint, { paused: true });
    }
    expect(await oldest(0)).toEqual([]);
  });

  test("the head of a FIFO lane is due when its retry is due, not since it was accepted", async () => {
    const { cluster, world, oldest } = await waitingWorld();
    using _ = cluster;
    const retryScheduleMs = [5 * MINUTE];
    const endpoint = await cluster.endpoint("two", 500, { ordering: "fifo", retryScheduleMs });
    const at = world.now;
    await world.send(endpoint, 2);
    await world.pass(4 * MINUTE);
    expect(await oldest(SECOND)).toEqual([]);
    // Nobody makes the retry.
    cluster.board.cutOff.add("two");
    await world.pass(4 * MINUTE);
    const [found, ...others] = await oldest(SECOND);
    expect(others).toEqual([]);
    expect(found!.endpointSeq).toBe(endpoint.seq);
    expect(found!.at).toBeWithin(at + 5 * MINUTE, at + 5 * MINUTE + SECOND);
  });

  test("lanes of disabled, deleted and paused endpoints and those that do not count are left out", async () => {
    const { cluster, world, oldest } = await waitingWorld();
    using _ = cluster;
    cluster.board.cutOff.add("two");
    const endpoints = [];
    for (let i = 0; i < 4; i++) endpoints.push(await cluster.endpoint("two", 200));
    for (const endpoint of endpoints) await world.send(endpoint);
    await world.pass(SECOND);
    const [disabled, deleted, paused, open] = endpoints;
    await world.update(disabled!, { disabled: true });
    await world.delete(deleted!);
    await world.update(paused!, { paused: true });
    expect(await oldest(0)).toMatchObject([{ endpointSeq: open!.seq }]);
    expect(await oldest(0, () => false)).toEqual([]);
  });
});
