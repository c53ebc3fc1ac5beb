import { afterAll, describe, expect, test } from "bun:test";
import { systemClock } from "../../src/edge/clock.ts";
import { TaskOverdue, type YamlValue } from "../../src/thread/heavy-work.ts";
import type { TaskMessage, TaskResult } from "../../src/thread/serve-tasks.ts";
import { WorkThread } from "../../src/thread/work-thread.ts";

/** A thread whose tasks end when the test says so. */
class FakeWorker {
  onmessage: ((event: MessageEvent<TaskResult>) => void) | null = null;
  onerror: ((event: ErrorEvent) => void) | null = null;
  readonly received: string[] = [];
  isTerminated = false;
  postMessage({ argument }: TaskMessage) {
    this.received.push(argument);
  }
  terminate() {
    this.isTerminated = true;
  }
  answer(result: unknown) {
    this.onmessage!({ data: { result } } as MessageEvent<TaskResult>);
  }
}

/** A thread with fake workers and a clock whose timers run when the test says so. */
function fakes() {
  const workers: FakeWorker[] = [];
  const timers = new Set<() => void>();
  const clock = {
    after(_: number, task: () => void) {
      timers.add(task);
      return () => void timers.delete(task);
    },
  };
  const open = () => workers[workers.push(new FakeWorker()) - 1]!;
  return { thread: new WorkThread(clock, open), workers, timers };
}

const nextTurn = () => new Promise<void>((resolve) => setImmediate(resolve));

describe("the work thread with fake workers", () => {
  test("one thread does the tasks one at a time, in the order in which they were given", async () => {
    const { thread, workers, timers } = fakes();
    const results = [thread.schemaProblem("a"), thread.schemaProblem("b")];
    await nextTurn();
    expect(workers.map(({ received }) => received)).toEqual([["a"]]);
    workers[0]!.answer(null);
    expect(await results[0]).toBeNull();
    await nextTurn();
    workers[0]!.answer({ message: "b", path: [] });
    expect(await results[1]).toEqual({ message: "b", path: [] });
    expect(workers.map(({ received }) => received)).toEqual([["a", "b"]]);
    expect(timers.size).toBe(0);
  });

  test("a task that exceeds its deadline fails, and the next task gets a new thread", async () => {
    const { thread, workers, timers } = fakes();
    const overdue = thread.schemaProblem("slow");
    const next = thread.schemaProblem("next");
    await nextTurn();
    for (const timer of timers) timer();
    await expect(overdue).rejects.toBeInstanceOf(TaskOverdue);
    await nextTurn();
    workers[1]!.answer(null);
    expect(await next).toBeNull();
    expect(workers.map(({ isTerminated }) => isTerminated)).toEqual([true, false]);
  });

  test("a thread that breaks fails its task, and the next task gets a new thread", async () => {
    const { thread, workers } = fakes();
    const broken = thread.schemaProblem("breaks");
    await nextTurn();
    workers[0]!.onerror!({ message: "out of memory" } as ErrorEvent);
    await expect(broken).rejects.toThrow("out of memory");
    const next = thread.schemaProblem("next");
    await nextTurn();
    workers[1]!.answer(null);
    expect(await next).toBeNull();
    expect(workers[0]!.isTerminated).toBe(true);
  });

  test("environments take turns with the checks of their messages", async () => {
    const { thread, workers } = fakes();
    for (const [environmentSeq, schema] of [
      [1, "a"],
      [1, "b"],
      [1, "c"],
      [2, "d"],
    ] as const) {
      void thread.messageFindings(environmentSeq, schema, "");
    }
    for (let i = 0; i < 4; i++) {
      await nextTurn();
      workers[0]!.answer([]);
    }
    expect(workers[0]!.received.map((text) => text.trim())).toEqual(["a", "b", "d", "c"]);
  });

  test("stopping fails the task under way and all waiting tasks, and ends the thread", async () => {
    const { thread, workers } = fakes();
    const results = [thread.schemaProblem("a"), thread.schemaProblem("b")];
    const settled = Promise.allSettled(results);
    await nextTurn();
    await thread.stop();
    expect((await settled).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    expect(workers.map(({ isTerminated }) => isTerminated)).toEqual([true]);
  });
});

describe("the work thread with a real worker", () => {
  const file = new URL("../../src/worker.ts", import.meta.url).href;
  const thread = new WorkThread(systemClock, () => new Worker(file));
  afterAll(() => thread.stop());

  const plain = (yaml: YamlValue | null) =>
    yaml === null ? null : "json" in yaml ? JSON.parse(yaml.json) : yaml.value;

  test("a usable schema has no problem, and an unusable one has a problem with its location", async () => {
    expect(await thread.schemaProblem('{"type":"object"}')).toBeNull();
    const problem = await thread.schemaProblem('{"properties":{"a":{"type":"no-type"}}}');
    expect(problem).toMatchObject({ path: ["properties", "a", "type"] });
  });

  test("a YAML text becomes its value, also if aliases share or repeat a part of it", async () => {
    expect(await thread.yamlValue("a: [1, x, null]")).toEqual({ json: '{"a":[1,"x",null]}' });
    expect(plain(await thread.yamlValue("a: &x {b: 1}\nc: *x"))).toEqual({ a: { b: 1 }, c: { b: 1 } });
    expect(await thread.yamlValue("a: [")).toBeNull();
  });

  test("aliases that multiply the size of a YAML text are not written out", async () => {
    const levels = Array.from({ length: 15 }, (_, i) => `a${i + 1}: &a${i + 1} [*a${i}, *a${i}]`);
    const yaml = await thread.yamlValue(`a0: &a0 [1]\n${levels.join("\n")}`);
    expect(yaml).toHaveProperty("value");
  });

  test("a check that does not end fails at its deadline, and the next task is done by a new thread", async () => {
    const hasty = { after: (_: number, task: () => void) => systemClock.after(500, task) };
    await using impatient = new AsyncDisposableStack();
    const other = impatient.adopt(new WorkThread(hasty, () => new Worker(file)), (one) => one.stop());
    const fork = { allOf: [{ $ref: "#/$defs/next" }, { $ref: "#/$defs/next" }] };
    const levels = Object.fromEntries(
      Array.from({ length: 50 }, (_, i) => [`d${i}`, JSON.parse(JSON.stringify(fork).replaceAll("next", `d${i + 1}`))]),
    );
    const endless = JSON.stringify({ $ref: "#/$defs/d0", $defs: { ...levels, d50: {} } });
    await expect(other.messageFindings(1, endless, "{}")).rejects.toBeInstanceOf(TaskOverdue);
    await expect(other.schemaProblem(endless)).rejects.toBeInstanceOf(TaskOverdue);
    expect(await thread.schemaProblem("true")).toBeNull();
  });

  test("a task that cannot be done fails, and the thread continues", async () => {
    await expect(thread.schemaProblem("no JSON")).rejects.toThrow("SyntaxError");
    expect(await thread.schemaProblem("true")).toBeNull();
  });
});
