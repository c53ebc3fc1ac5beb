import { expect, test } from "bun:test";
import { SandboxPool, type SandboxWorker, WAITING_PER_OWNER_MAX } from "../../src/sandbox/pool.ts";
import { SandboxBusy, type SandboxCall, type SandboxResult } from "../../src/sandbox/sandbox.ts";
import type { FromWorker, ToWorker } from "../../src/sandbox/serve-calls.ts";

/** A thread whose calls end when the test says so. */
class FakeWorker implements SandboxWorker {
  onmessage: ((event: MessageEvent<FromWorker>) => void) | null = null;
  onerror: ((event: ErrorEvent) => void) | null = null;
  readonly codes: string[] = [];
  isTerminated = false;
  #hasBegun = false;
  postMessage(message: ToWorker) {
    if ("call" in message) this.codes.push(message.call.code);
  }
  terminate() {
    this.isTerminated = true;
  }
  send(data: FromWorker) {
    this.onmessage!({ data } as MessageEvent<FromWorker>);
  }
  /** Says once that the thread is ready. */
  begin() {
    if (!this.#hasBegun) this.send({ ready: true });
    this.#hasBegun = true;
  }
  finish(computingMs = 1) {
    this.send({ result: RETURNED, computingMs });
  }
}

const RETURNED: SandboxResult = { kind: "returned", json: "1", logs: [] };
const callOf = (code: string): SandboxCall => ({ code, argument: "1", variables: {}, now: 0, seed: 0 });

/** A pool with fake threads and a clock whose timers run when the test says so. */
function fakes(workersMax: number) {
  const workers: FakeWorker[] = [];
  const timers = new Set<() => void>();
  const clock = {
    after(_: number, task: () => void) {
      timers.add(task);
      return () => void timers.delete(task);
    },
  };
  const open = () => workers[workers.push(new FakeWorker()) - 1]!;
  const limits = { timeoutMs: 50, memoryBytesMax: 1, outputCharsMax: 1, workersMax };
  const pool = new SandboxPool(clock, limits, open);
  const run = (owner: number, code = `of ${owner}`, signal?: AbortSignal) =>
    pool.run(owner, () => callOf(code), signal);
  const ready = () => {
    for (const worker of workers) worker.begin();
  };
  return { pool, workers, timers, run, ready };
}

test("no thread exists before the first call, and no more than there are calls", () => {
  const { pool, workers, run } = fakes(3);
  expect(workers.length).toBe(0);
  void run(1);
  expect(workers.length).toBe(1);
  void run(2);
  expect(pool.threads).toBe(2);
});

test("a thread ends when it has had no call for a while, and the next call starts another", async () => {
  const { pool, workers, timers, run, ready } = fakes(1);
  void run(1);
  ready();
  workers[0]!.finish();
  const idle = [...timers];
  void run(1);
  expect([timers.size, timers.has(idle[0]!)]).toEqual([1, false]);
  workers[0]!.finish();
  for (const timer of timers) timer();
  expect([pool.threads, workers[0]!.isTerminated, timers.size]).toEqual([0, true, 0]);
  void run(1, "later");
  workers[1]!.begin();
  expect(workers[1]!.codes).toEqual(["later"]);
});

test("applications take turns, however many calls one of them has", () => {
  const { workers, run, ready } = fakes(1);
  for (let index = 0; index < 50; index++) void run(1);
  void run(2);
  void run(3);
  ready();
  workers[0]!.finish();
  workers[0]!.finish();
  expect(workers[0]!.codes).toEqual(["of 1", "of 2", "of 3"]);
});

test("one application leaves a thread to the others", () => {
  const { workers, run, ready } = fakes(2);
  void run(2);
  ready();
  workers[0]!.finish();
  for (let index = 0; index < 50; index++) void run(1);
  ready();
  void run(2);
  expect(workers.flatMap(({ codes }) => codes).sort()).toEqual(["of 1", "of 2", "of 2"]);
});

test("all applications together that are not proven to be fast leave a thread to the others", () => {
  const { workers, run, ready } = fakes(2);
  void run(100);
  ready();
  workers[0]!.finish();
  // 100 is proven. The others are new, or have been slow.
  for (let owner = 1; owner <= 10; owner++) void run(owner);
  ready();
  const busy = workers.find(({ codes }) => codes.includes("of 1"))!;
  expect(workers.flatMap(({ codes }) => codes)).toEqual(["of 100", "of 1"]);
  busy.finish(50);
  void run(100, "again of 100");
  expect(workers.flatMap(({ codes }) => codes).sort()).toEqual(["again of 100", "of 1", "of 100", "of 2"]);
});

test("a check of code does not prove that the code is fast", () => {
  const { pool, workers, run, ready } = fakes(2);
  void pool.run(1, () => ({ ...callOf("check"), argument: null }));
  ready();
  workers[0]!.finish();
  void run(1);
  void run(2);
  ready();
  expect(workers.flatMap(({ codes }) => codes)).toEqual(["check", "of 1"]);
});

test("a thread that does not answer is replaced, and its call fails", async () => {
  const { workers, timers, run, ready } = fakes(1);
  const lost = run(1);
  const next = run(2);
  ready();
  for (const timer of [...timers]) timer();
  await expect(lost).rejects.toThrow("The thread did not answer.");
  expect(workers.map(({ isTerminated }) => isTerminated)).toEqual([true, false]);
  workers[1]!.send({ ready: true });
  workers[1]!.finish();
  expect(await next).toEqual(RETURNED);
  // The timer that ends the second thread when it is idle.
  expect(timers.size).toBe(1);
});

test("a thread that breaks fails its call, and the next call gets a new thread", async () => {
  const { workers, run, ready } = fakes(1);
  const broken = run(1);
  ready();
  workers[0]!.onerror!({ message: "out of memory" } as ErrorEvent);
  await expect(broken).rejects.toThrow("The sandbox thread failed: out of memory");
  void run(1);
  expect(workers.length).toBe(2);
});

test("calls above the limit of waiting calls are refused, and those of others are not", async () => {
  const { run } = fakes(1);
  for (let index = 0; index < WAITING_PER_OWNER_MAX; index++) void run(1);
  await expect(run(1)).rejects.toBeInstanceOf(SandboxBusy);
  const signal = AbortSignal.abort();
  await expect(run(2, "x", signal)).rejects.toBeInstanceOf(SandboxBusy);
  void run(2);
});

test("a call that is aborted while it waits is not run", async () => {
  const { workers, run, ready } = fakes(1);
  const controller = new AbortController();
  void run(1, "first");
  const aborted = run(1, "second", controller.signal);
  controller.abort();
  await expect(aborted).rejects.toBeInstanceOf(SandboxBusy);
  ready();
  workers[0]!.finish();
  expect(workers[0]!.codes).toEqual(["first"]);
});

test("stopping the pool ends its threads and fails all calls", async () => {
  const { pool, workers, run, ready } = fakes(1);
  const calls = [run(1), run(1)];
  ready();
  await pool.stop();
  for (const call of calls) await expect(call).rejects.toBeInstanceOf(SandboxBusy);
  await expect(run(1)).rejects.toBeInstanceOf(SandboxBusy);
  expect(workers[0]!.isTerminated).toBe(true);
});
