import { beforeEach, describe, expect, test } from "bun:test";
import type { Fact } from "../../src/core/fact.ts";
import { Facts } from "../../src/core/facts.ts";
import type { Seq } from "../../src/core/id.ts";
import type { OldestDue } from "../../src/deliver/lanes.ts";
import { BacklogWatch } from "../../src/deliver/watches/backlog-watch.ts";
import type { Clock } from "../../src/ports.ts";

const THRESHOLD_MS = 1000;
const ENVIRONMENT = 7;

let now: number;
let told: Fact[];
let oldest: Map<Seq, OldestDue>;
let kept: Map<string, string>;
let timers: Array<() => void>;
let leads: boolean;

beforeEach(() => {
  now = 1_000_000;
  told = [];
  oldest = new Map();
  kept = new Map();
  timers = [];
  leads = true;
});

const clock: Clock = {
  now: () => now,
  steady: () => now,
  soon: (task) => task(),
  after: (_, task) => {
    timers.push(task);
    return () => timers.splice(0);
  },
};

/** Starts a watch that reads `oldest`. */
async function watch(thresholdMs = THRESHOLD_MS): Promise<BacklogWatch> {
  const facts = new Facts();
  facts.subscribe((fact) => told.push(fact));
  const meta = {
    get: async (name: string) => kept.get(name) ?? null,
    set: async (name: string, value: string) => void kept.set(name, value),
  };
  const made = new BacklogWatch(
    clock,
    facts,
    { housekeeping: { meta, leads: async () => leads } },
    thresholdMs,
    async () => oldest,
  );
  await made.start();
  return made;
}

function waitingFor(ms: number, environmentSeq = ENVIRONMENT): void {
  const endpoint = { seq: 1, applicationSeq: 2, environmentSeq } as OldestDue["endpoint"];
  oldest.set(environmentSeq, { dueAt: now - ms, endpoint });
}

const types = () => told.map(({ type }) => type);

describe("the backlog of an environment", () => {
  test("a backlog is reported once as growing when a due delivery has waited longer than the threshold", async () => {
    const watching = await watch();
    waitingFor(THRESHOLD_MS);
    await watching.look();
    expect(told).toEqual([]);
    waitingFor(THRESHOLD_MS + 1);
    await watching.look();
    await watching.look();
    expect(told).toEqual([
      {
        type: "backlog.growing",
        environmentSeq: ENVIRONMENT,
        applicationSeq: 2,
        endpointSeq: 1,
        oldestDueAt: now - THRESHOLD_MS - 1,
        thresholdMs: THRESHOLD_MS,
      },
    ]);
  });

  test("a backlog has recovered when two checks in a row find no due delivery that has waited longer than half the threshold", async () => {
    const watching = await watch();
    waitingFor(THRESHOLD_MS * 2);
    await watching.look();
    const growingSince = now;
    now += 5000;
    waitingFor(THRESHOLD_MS / 2 + 1);
    await watching.look();
    oldest.clear();
    await watching.look();
    waitingFor(THRESHOLD_MS / 2 + 1);
    await watching.look();
    oldest.clear();
    await watching.look();
    expect(types()).toEqual(["backlog.growing"]);
    await watching.look();
    await watching.look();
    expect(told.slice(1)).toEqual([
      { type: "backlog.recovered", environmentSeq: ENVIRONMENT, growingSince, thresholdMs: THRESHOLD_MS },
    ]);
  });

  test("the oldest due delivery of an environment is that of the latest check", async () => {
    const watching = await watch();
    expect(watching.oldestDueIn(ENVIRONMENT)).toBeNull();
    waitingFor(THRESHOLD_MS * 2);
    await watching.look();
    expect(watching.oldestDueIn(ENVIRONMENT)).toMatchObject({ endpoint: { seq: 1, applicationSeq: 2 } });
    expect(watching.oldestDueIn(8)).toBeNull();
    oldest = new Map();
    await watching.look();
    expect(watching.oldestDueIn(ENVIRONMENT)).toBeNull();
  });

  test("the backlog of one environment does not affect another", async () => {
    const watching = await watch();
    waitingFor(THRESHOLD_MS * 2);
    waitingFor(1, 8);
    await watching.look();
    expect(told).toMatchObject([{ environmentSeq: ENVIRONMENT }]);
  });

  test("after a restart a growing backlog is not reported again, but its recovery is reported", async () => {
    waitingFor(THRESHOLD_MS * 2);
    await (await watch()).look();
    const next = await watch();
    await next.look();
    expect(types()).toEqual(["backlog.growing"]);
    oldest.clear();
    await next.look();
    await next.look();
    expect(types()).toEqual(["backlog.growing", "backlog.recovered"]);
  });
});

describe("the backlog watch", () => {
  test("a process that does not lead reports nothing, and continues with what the leader knew when it leads", async () => {
    const leading = await watch();
    leads = false;
    const other = await watch();
    waitingFor(THRESHOLD_MS * 2);
    await other.look();
    expect(types()).toEqual([]);
    leads = true;
    await leading.look();
    await other.look();
    expect(types()).toEqual(["backlog.growing"]);
    oldest.clear();
    await other.look();
    await other.look();
    expect(types()).toEqual(["backlog.growing", "backlog.recovered"]);
  });

  test("the backlog watch repeats its check until it is stopped", async () => {
    const watching = await watch();
    waitingFor(THRESHOLD_MS * 2);
    expect(timers).toHaveLength(1);
    timers.shift()!();
    await new Promise((resolve) => setImmediate(resolve));
    expect(types()).toEqual(["backlog.growing"]);
    expect(timers).toHaveLength(1);
    watching.stop();
    expect(timers).toHaveLength(0);
  });

  test("the backlog watch makes no check if the threshold is 0", async () => {
    await watch(0);
    expect(timers).toHaveLength(0);
  });
});
