import { describe, expect, test } from "bun:test";
import type { Seq } from "../../src/core/id.ts";
import { plainApplication } from "../../src/core/resources/application.ts";
import { plainSource, type Source } from "../../src/core/resources/source.ts";
import type { Message } from "../../src/store/index.ts";
import { DAY, EngineWorld, HOUR, MINUTE, SECOND } from "../support/engine-world.ts";

// The world begins on 1 January 2026 at midnight (UTC).
const PAYLOAD = '{"message":1}';

/** Creates a source with the application behind it, and starts the runs. */
async function worldWith(config: object, change: Partial<Source> = {}) {
  const world = await EngineWorld.open();
  const source = await addSource(world, config, change);
  await world.do(() => world.kernel.cron.start());
  return { world, source };
}

async function addSource(world: EngineWorld, config: object, change: Partial<Source> = {}): Promise<Source> {
  const { environmentSeq, now } = world;
  const [seq, applicationSeq] = [world.seqs.next(), world.seqs.next()];
  const application = {
    ...plainApplication({ seq: applicationSeq, environmentSeq, name: "Night", now }),
    sourceSeq: seq,
  };
  const source = {
    ...plainSource({ seq, environmentSeq, applicationSeq, name: "Night", type: "cron", provider: "cron", now }),
    config: { payload: PAYLOAD, ...config },
    ...change,
  };
  await world.do(() => world.store.configuration.sources.create(source, application, null));
  world.kernel.signals.send({ type: "source.changed", sourceSeq: seq, environmentSeq });
  return source;
}

async function messagesOf(world: EngineWorld, { applicationSeq }: Source): Promise<readonly Message[]> {
  const page = { limit: 100, from: null, backwards: false, order: "ascending" } as const;
  return (await world.store.history.messages.list(applicationSeq, {}, page, true)).rows;
}

/** Returns the times of the messages, in ms since the world began. */
async function runsOf(world: EngineWorld, source: Source): Promise<number[]> {
  const start = world.now - world.time;
  return (await messagesOf(world, source)).map(({ acceptedAt }) => acceptedAt - start);
}

const lastRun = async (world: EngineWorld, seq: Seq) =>
  ((await world.store.configuration.sources.get(seq))?.lastRunAt ?? Number.NaN) - (world.now - world.time);

describe("sources of type cron", () => {
  test("a message is stored at each time of the schedule", async () => {
    const { world, source } = await worldWith({ schedule: "*/20 * * * *" });
    await world.pass(HOUR);
    expect(await runsOf(world, source)).toEqual([20 * MINUTE, 40 * MINUTE, HOUR]);
    expect(await lastRun(world, source.seq)).toBe(HOUR);
  });

  test("the message has the payload, the content type, the event type and the name of its source", async () => {
    const { world, source } = await worldWith(
      { schedule: "0 * * * *", contentType: "text/plain", payload: "wake up" },
      { uid: "nightly", eventType: "report.due" },
    );
    await world.pass(HOUR);
    const [message] = await messagesOf(world, source);
    expect(Buffer.from(message!.payload!).toString()).toBe("wake up");
    expect(message).toMatchObject({
      ...{ eventType: "report.due", contentType: "text/plain" },
      received: {
        source: "nightly",
        sourceSeq: source.seq,
        method: "CRON",
        path: "/",
        state: "unattempted",
        cause: null,
      },
    });
  });

  test.each([null, "$.type", "header:X-Type"])(
    "the event type of a source whose `eventType` is %p is `cron.received`",
    async (eventType) => {
      const { world, source } = await worldWith({ schedule: "0 * * * *", payload: '{"type":"a"}' }, { eventType });
      await world.pass(HOUR);
      expect(await messagesOf(world, source)).toMatchObject([{ eventType: "cron.received" }]);
    },
  );

  test("the schedule follows the time zone", async () => {
    const { world, source } = await worldWith({ schedule: "30 3 * * *", timezone: "Asia/Kolkata" });
    await world.pass(DAY);
    // 03:30 in India is 22:00 in UTC.
    expect(await runsOf(world, source)).toEqual([22 * HOUR]);
  });

  test("a message is sent to the endpoints of its source", async () => {
    const { world, source } = await worldWith({ schedule: "0 * * * *" });
    await world.endpoint("night.example", 200, { applicationSeq: source.applicationSeq, eventTypes: null });
    await world.pass(2 * HOUR + SECOND);
    expect(world.times("night.example").map((ms) => Math.floor(ms / MINUTE) * MINUTE)).toEqual([HOUR, 2 * HOUR]);
  });

  test("of the runs that were missed while the server was down, only the latest is made", async () => {
    const { world, source } = await worldWith({ schedule: "0 * * * *" });
    await world.pass(HOUR);
    await world.do(() => world.kernel.cron.stop());
    await world.pass(5 * HOUR + 10 * MINUTE);
    await world.restart();
    await world.do(() => world.kernel.cron.start());
    await world.pass(HOUR);
    const runs = (await runsOf(world, source)).map((ms) => Math.floor(ms / MINUTE));
    expect(runs).toEqual([60, 370, 420]);
  });

  test("a run is not repeated if the process is killed between its message and the record of the run", async () => {
    const { world, source } = await worldWith({ schedule: "0 * * * *" });
    await world.pass(HOUR);
    await world.restart();
    // The record of the run is missing, as if the kill had come before it.
    const { sources } = world.store.configuration;
    const { ofProvider } = sources;
    sources.ofProvider = async (provider) => (await ofProvider(provider)).map((one) => ({ ...one, lastRunAt: null }));
    await world.do(() => world.kernel.cron.start());
    await world.pass(MINUTE);
    expect(await runsOf(world, source)).toEqual([HOUR]);
    await world.pass(HOUR);
    expect(await runsOf(world, source)).toHaveLength(2);
  });

  test("a run is made when the store works again, with nothing lost and nothing repeated", async () => {
    const { world, source } = await worldWith({ schedule: "0 * * * *" });
    world.isDiskFull = true;
    await world.pass(HOUR + MINUTE);
    world.isDiskFull = false;
    await world.pass(5 * SECOND);
    const runs = await runsOf(world, source);
    expect(runs).toHaveLength(1);
    expect(runs[0]).toBeGreaterThanOrEqual(HOUR + MINUTE);
    await world.pass(HOUR - 5 * MINUTE);
    expect(await runsOf(world, source)).toHaveLength(1);
  });

  test("setting the clock forward makes one run, and setting it back repeats none", async () => {
    const { world, source } = await worldWith({ schedule: "0 * * * *" });
    await world.pass(30 * MINUTE);
    world.stepClock(5 * HOUR);
    await world.pass(MINUTE);
    expect(await runsOf(world, source)).toHaveLength(1);
    world.stepClock(-3 * HOUR);
    await world.pass(2 * HOUR);
    expect(await runsOf(world, source)).toHaveLength(1);
    await world.pass(90 * MINUTE);
    expect(await runsOf(world, source)).toHaveLength(2);
  });

  test("a changed schedule is in force at once and does not catch up on times before the change", async () => {
    const { world, source } = await worldWith({ schedule: "0 * * * *" });
    await world.pass(30 * MINUTE);
    const { sources } = world.store.configuration;
    const change = () => ({ config: { ...source.config, schedule: "10,40 * * * *" }, updatedAt: world.now });
    await world.do(() => sources.update(source.seq, change));
    world.kernel.signals.send({ type: "source.changed", sourceSeq: source.seq, environmentSeq: world.environmentSeq });
    await world.pass(HOUR);
    expect(await runsOf(world, source)).toEqual([40 * MINUTE, 70 * MINUTE]);
  });

  test("a disabled source does not run, and runs again when it is enabled", async () => {
    const { world, source } = await worldWith({ schedule: "0 * * * *" });
    const set = async (disabled: boolean) => {
      const { sources } = world.store.configuration;
      await world.do(() => sources.update(source.seq, () => ({ disabled, updatedAt: world.now })));
      const { environmentSeq } = world;
      world.kernel.signals.send({ type: "source.changed", sourceSeq: source.seq, environmentSeq });
    };
    await set(true);
    await world.pass(2 * HOUR);
    expect(await runsOf(world, source)).toEqual([]);
    await set(false);
    await world.pass(HOUR);
    expect(await runsOf(world, source)).toEqual([3 * HOUR]);
  });

  test("a new source runs without a restart, and a deleted one no longer runs", async () => {
    const { world, source } = await worldWith({ schedule: "0 0 1 7 *" });
    const late = await addSource(world, { schedule: "0 * * * *" });
    await world.pass(HOUR);
    await world.do(() => world.store.configuration.sources.delete(late.seq, world.now));
    world.kernel.signals.send({ type: "source.changed", sourceSeq: late.seq, environmentSeq: world.environmentSeq });
    await world.pass(3 * HOUR);
    expect(await runsOf(world, late)).toEqual([HOUR]);
    expect(await runsOf(world, source)).toEqual([]);
  });
});
