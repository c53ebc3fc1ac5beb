import { expect, test } from "bun:test";
import { AttentionSource } from "../../../src/api/live/attention-source.ts";

const ENVIRONMENT = 1;

/** A source over a store whose survey takes `readMs` and counts its calls. */
function setup(readMs: number) {
  let now = 0;
  let reads = 0;
  let pausedAt: number | null = null;
  let serverCertificateEndsAt: number | null = null;
  let diskFreeBytes: number | null = null;
  let timers: { readonly at: number; readonly task: () => void }[] = [];
  const clock = {
    steady: () => now,
    now: () => now,
    after(delayMs: number, task: () => void) {
      timers.push({ at: now + delayMs, task });
      return () => {};
    },
  };
  const store = {
    survey: {
      async attention() {
        reads++;
        now += readMs;
        return {
          counts: { failing: 0, disabled: 0 },
          pausedWaiting: 0,
          endpoints: [],
          sources: [],
          dead: [{ reason: "gone", count: reads, firstDeadAt: 0 }],
        };
      },
    },
    housekeeping: { health: async () => ({ damaged: false }), diskFreeBytes: async () => diskFreeBytes },
    configuration: { environments: { get: async () => ({ pausedAt }) } },
  };
  const parts = {
    ...{ clock, store, ids: {}, deliverer: { isHeld: false } },
    ...{ backlogWatch: { growingSince: () => null, oldestDueIn: () => null }, clockTrust: { doubtedSince: null } },
    serverCertificateEndsAt: () => serverCertificateEndsAt,
  };
  const source = new AttentionSource(parts as unknown as ConstructorParameters<typeof AttentionSource>[0]);
  return {
    source,
    get reads() {
      return reads;
    },
    pause: () => {
      pausedAt = 0;
    },
    endCertificateAt: (at: number) => {
      serverCertificateEndsAt = at;
    },
    fillDisk: (freeBytes: number) => {
      diskFreeBytes = freeBytes;
    },
    pass(ms: number) {
      now += ms;
      const due = timers.filter(({ at }) => at <= now);
      timers = timers.filter(({ at }) => at > now);
      for (const { task } of due) task();
    },
  };
}

test("a pause of the environment is listed at once, although the endpoints are read at intervals", async () => {
  const world = setup(10);
  await world.source.of(ENVIRONMENT, 0);
  world.pause();
  const { entries } = await world.source.of(ENVIRONMENT, 0);
  expect(entries.map(({ kind }) => kind)).toEqual(["environment_paused", "dead_letters"]);
  expect(world.reads).toBe(1);
});

test("the entry about a disk that is almost full says what happens when it is full, and what to do", async () => {
  const world = setup(10);
  world.fillDisk(300 * 1_048_576);
  const { entries } = await world.source.of(ENVIRONMENT, 0);
  expect(entries[0]).toEqual({
    ...{ kind: "disk_low", severity: "critical", since: null },
    detail:
      "The disk of the data directory has 300 MiB left. When it is full, messages are refused with 503. Remove other files, enlarge the disk, or shorten `retention`.",
  });
});

test("a reader of an old list gets one signal when the list can be read again", async () => {
  const world = setup(10);
  let told = 0;
  const onOutdated = () => told++;
  await world.source.of(ENVIRONMENT, 0, onOutdated);
  world.pass(199);
  expect([told, world.reads]).toEqual([0, 1]);
  for (let i = 0; i < 3; i++) await world.source.of(ENVIRONMENT, 0, onOutdated);
  world.pass(1);
  expect(told).toBe(1);
  await world.source.of(ENVIRONMENT, 0, onOutdated);
  expect(world.reads).toBe(2);
  world.pass(10_000);
  expect(told).toBe(1);
});

test("a reader that comes during a reading gets a signal when the next reading may begin", async () => {
  const world = setup(10);
  let told = 0;
  const first = world.source.of(ENVIRONMENT, 0);
  // The reading has begun, so it may miss what the second reader has just been told of.
  const second = world.source.of(ENVIRONMENT, 0, () => told++);
  await Promise.all([first, second]);
  expect(world.reads).toBe(1);
  world.pass(200);
  expect(told).toBe(1);
});

test("the certificate of the server is listed for two weeks before its end, and is critical after it", async () => {
  const world = setup(10);
  const day = 86_400_000;
  const severities = async () => {
    const { entries } = await world.source.of(ENVIRONMENT, 0);
    return entries.filter(({ kind }) => kind === "certificate_expiring").map(({ severity }) => severity);
  };
  expect(await severities()).toEqual([]);
  world.endCertificateAt(15 * day);
  expect(await severities()).toEqual([]);
  world.pass(2 * day);
  expect(await severities()).toEqual(["warning"]);
  world.pass(13 * day);
  expect(await severities()).toEqual(["critical"]);
});
