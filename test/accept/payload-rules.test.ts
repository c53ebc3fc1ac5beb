import { describe, expect, test } from "bun:test";
import { PayloadRules } from "../../src/accept/payload-rules.ts";
import { latestSchema } from "../../src/core/schema-versions.ts";
import { Signals } from "../../src/core/signal.ts";
import { systemClock } from "../../src/edge/clock.ts";
import type { EventType } from "../../src/store/index.ts";
import { type HeavyWork, TaskOverdue, workOnThisThread } from "../../src/thread/heavy-work.ts";

const ENVIRONMENT = 1;
const nextTurn = () => new Promise<void>((resolve) => setImmediate(resolve));

function world(work: Pick<HeavyWork, "schemaSize" | "messageFindings"> = workOnThisThread) {
  const signals = new Signals(() => {});
  const types = new Map<string, Partial<EventType>>();
  let reads = 0;
  const get = async (environmentSeq: number, name: string) => {
    const found = environmentSeq === ENVIRONMENT ? ((types.get(name) ?? null) as EventType | null) : null;
    reads++;
    await nextTurn();
    return found;
  };
  /** Starts to read a rule. Resolves when the store has read it, before the rule is known. */
  const startReading = async (name: string) => {
    const before = reads;
    const reading = rules.of(ENVIRONMENT, name);
    while (reads === before) await nextTurn();
    return { reading };
  };
  const asked: string[] = [];
  const worker: Pick<HeavyWork, "schemaSize" | "messageFindings"> = {
    schemaSize: (schema) => Promise.resolve(asked.push("schemaSize")).then(() => work.schemaSize(schema)),
    messageFindings: (environmentSeq, schema, payload) =>
      Promise.resolve(asked.push("messageFindings")).then(() => work.messageFindings(environmentSeq, schema, payload)),
  };
  const rules = new PayloadRules({ get }, systemClock, signals, worker);
  const changeElsewhere = (name: string, eventType: Partial<EventType>) => void types.set(name, eventType);
  const change = (name: string, eventType: Partial<EventType>) => {
    changeElsewhere(name, eventType);
    signals.send({ type: "eventtype.changed", environmentSeq: ENVIRONMENT, name });
  };
  return { rules, startReading, signals, change, changeElsewhere, asked, reads: () => reads };
}

const schemas = { "1": { required: ["a"] } };
/** A schema that is compiled on the worker only. */
const large = { properties: Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`f${i}`, { type: "string" }])) };

describe("the rule of an event type", () => {
  test("a payload rule is read once, and later calls return it synchronously", async () => {
    const { rules, change, reads } = world();
    change("t", { schemas, validation: "reject" });
    const rule = await rules.of(ENVIRONMENT, "t");
    expect(rule?.rejects).toBe(true);
    expect(rules.of(ENVIRONMENT, "t")).toBe(rule!);
    expect(reads()).toBe(1);
  });

  test("messages of one event type that arrive together share the read of its rule", async () => {
    const { rules, change, reads } = world();
    change("t", { schemas: null, validation: "warn" });
    const waits = Array.from({ length: 64 }, () => rules.of(ENVIRONMENT, "t"));
    let isKnown = false;
    void Promise.all(waits).then(() => {
      isKnown = true;
    });
    let turns = 0;
    for (; !isKnown; turns++) await nextTurn();
    expect(turns).toBeLessThan(10);
    expect(reads()).toBe(1);
  });

  test("a message that arrives after a change does not share a read that began before it", async () => {
    const { rules, change, startReading } = world();
    change("t", { schemas, validation: "reject" });
    const { reading } = await startReading("t");
    change("t", { schemas: null, validation: "reject" });
    expect(await rules.of(ENVIRONMENT, "t")).toBeNull();
    expect(await reading).not.toBeNull();
    expect(rules.of(ENVIRONMENT, "t")).toBeNull();
  });

  test("after a failed read of a rule, the next message reads it again", async () => {
    let fails = true;
    const { rules, change } = world({
      ...workOnThisThread,
      schemaSize: (schema) => (fails ? Promise.reject(new Error("planted")) : workOnThisThread.schemaSize(schema)),
    });
    change("t", { schemas, validation: "reject" });
    await expect(Promise.resolve(rules.of(ENVIRONMENT, "t"))).rejects.toMatchObject({ status: 503 });
    fails = false;
    expect((await rules.of(ENVIRONMENT, "t"))?.rejects).toBe(true);
  });

  test("there is no payload rule for an event type that is missing, has no schema or is not validated", async () => {
    const { rules, change, reads } = world();
    change("bare", { schemas: null, validation: "warn" });
    change("off", { schemas, validation: "off" });
    for (const name of ["unknown", "bare", "off"]) {
      expect(await rules.of(ENVIRONMENT, name)).toBeNull();
      expect(rules.of(ENVIRONMENT, name)).toBeNull();
    }
    expect(reads()).toBe(3);
  });

  test("a payload rule is dropped when its event type changes, even while the rule is being read", async () => {
    const { rules, change, startReading } = world();
    change("t", { schemas, validation: "warn" });
    expect((await rules.of(ENVIRONMENT, "t"))?.rejects).toBe(false);
    change("t", { schemas, validation: "reject" });
    const { reading } = await startReading("t");
    change("t", { schemas: null, validation: "reject" });
    expect(await reading).not.toBeNull();
    expect(await rules.of(ENVIRONMENT, "t")).toBeNull();
  });

  test("a payload rule is dropped when other processes may have changed it, even while the rule is being read", async () => {
    const { rules, signals, change, changeElsewhere, startReading } = world();
    change("t", { schemas, validation: "warn" });
    expect((await rules.of(ENVIRONMENT, "t"))?.rejects).toBe(false);
    changeElsewhere("t", { schemas, validation: "reject" });
    signals.send({ type: "store.changed" });
    const { reading } = await startReading("t");
    changeElsewhere("t", { schemas: null, validation: "reject" });
    signals.send({ type: "store.changed" });
    expect(await reading).not.toBeNull();
    expect(await rules.of(ENVIRONMENT, "t")).toBeNull();
  });

  test("event types with the same name in two environments have separate rules", async () => {
    const { rules, change } = world();
    change("t", { schemas, validation: "warn" });
    expect(await rules.of(ENVIRONMENT, "t")).not.toBeNull();
    expect(await rules.of(ENVIRONMENT + 1, "t")).toBeNull();
  });

  test("a payload rule with an unusable schema accepts every payload, with a warning", async () => {
    const { rules, change } = world();
    const unusable = { "1": { type: "objekt" } };
    for (const validation of ["warn", "reject"] as const) {
      change("t", { schemas: unusable, validation });
      const rule = await rules.of(ENVIRONMENT, "t");
      expect([rule!.check!({})[0]!.type, rule!.rejects]).toEqual(["schema.unusable", false]);
    }
  });

  test("a small schema is compiled on this thread after the worker has checked it", async () => {
    const { rules, change, asked } = world();
    change("t", { schemas, validation: "reject" });
    const rule = await rules.of(ENVIRONMENT, "t");
    expect(rule?.check?.({ b: 1 }).map(({ type }) => type)).toEqual(["schema.required"]);
    expect(asked).toEqual(["schemaSize"]);
  });

  test("payloads with a large schema are checked on the worker", async () => {
    const { rules, change, asked } = world();
    change("t", { schemas: { "1": large }, validation: "reject" });
    const rule = await rules.of(ENVIRONMENT, "t");
    expect([rule?.check, rule?.rejects]).toEqual([null, true]);
    expect((await rule!.checkOnWorker('{"f7":1}'))?.map(({ loc }) => loc.join("/"))).toEqual(["body/payload/f7"]);
    expect(await rule!.checkOnWorker('{"f7":"x"}')).toEqual([]);
    expect(await rule!.checkOnWorker("{")).toBeNull();
    expect(asked).toEqual(["schemaSize", ...Array(3).fill("messageFindings")]);
  });

  test("payloads with a schema that refers to itself are checked on the worker", async () => {
    const { rules, change } = world();
    change("t", { schemas: { "1": { properties: { next: { $ref: "#" } } } }, validation: "reject" });
    const rule = await rules.of(ENVIRONMENT, "t");
    expect(rule?.check).toBeNull();
    expect(await rule!.checkOnWorker('{"next":{}}')).toEqual([]);
  });

  test("a message is refused with a 503 while the worker fails", async () => {
    const fails = () => Promise.reject(new Error("planted"));
    const problem = expect.objectContaining({ status: 503 });
    const broken = world({ schemaSize: fails, messageFindings: fails });
    broken.change("t", { schemas: { "1": large }, validation: "reject" });
    await expect(Promise.resolve(broken.rules.of(ENVIRONMENT, "t"))).rejects.toEqual(problem);
    const { rules, change } = world({ ...workOnThisThread, messageFindings: fails });
    change("t", { schemas: { "1": large }, validation: "reject" });
    const rule = await rules.of(ENVIRONMENT, "t");
    await expect(rule!.checkOnWorker('{"f7":1}')).rejects.toEqual(problem);
  });

  test("a payload that takes too long to check violates its schema, and a schema that takes too long to compile is unusable", async () => {
    const overdue = () => Promise.reject(new TaskOverdue("planted"));
    const { rules, change } = world({ ...workOnThisThread, messageFindings: overdue });
    change("t", { schemas: { "1": large }, validation: "reject" });
    const rule = await rules.of(ENVIRONMENT, "t");
    expect((await rule!.checkOnWorker('{"f7":1}'))?.map(({ type }) => type)).toEqual(["schema.cost"]);
    const slow = world({ schemaSize: overdue, messageFindings: overdue });
    slow.change("t", { schemas: { "1": large }, validation: "reject" });
    const unusable = await slow.rules.of(ENVIRONMENT, "t");
    expect([unusable?.rejects, unusable?.check?.({})[0]?.type]).toEqual([false, "schema.unusable"]);
  });

  test("the payload rule that was read first is dropped when the cache is full", async () => {
    const { rules, reads } = world();
    await rules.of(ENVIRONMENT, "first");
    for (let i = 0; i < 40_000; i++) await rules.of(ENVIRONMENT, `t${i}`);
    const before = reads();
    await rules.of(ENVIRONMENT, "first");
    expect(reads()).toBe(before + 1);
  });
});

describe("the latest schema", () => {
  test("the latest schema has the greatest version, and numbers within versions are compared numerically", () => {
    const latest = (...versions: string[]) =>
      latestSchema({ schemas: Object.fromEntries(versions.map((v) => [v, v])) });
    expect([latest("1"), latest("10", "9", "2"), latest("v2", "v10"), latest()]).toEqual(["1", "10", "v10", undefined]);
    expect(latestSchema({ schemas: null })).toBeUndefined();
  });
});
