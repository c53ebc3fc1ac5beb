import { expect, test } from "bun:test";
import { freshMs, type LookupResult, usableMs } from "../../src/core/name-answer.ts";
import { noNameServer } from "../../src/core/shortage.ts";
import { SystemResolver } from "../../src/edge/resolver.ts";
import type { Clock } from "../../src/ports.ts";

/** A clock that the test advances. */
class ManualClock implements Pick<Clock, "now" | "after"> {
  #now = 0;
  readonly #timers = new Set<{ readonly at: number; readonly task: () => void }>();

  now(): number {
    return this.#now;
  }

  after(delayMs: number, task: () => void): () => void {
    const timer = { at: this.#now + delayMs, task };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  pass(ms: number): void {
    this.#now += ms;
    for (const timer of this.#timers) {
      if (timer.at > this.#now) continue;
      this.#timers.delete(timer);
      timer.task();
    }
  }

  get timers(): number {
    return this.#timers.size;
  }
}

interface Question {
  readonly host: string;
  readonly signal: AbortSignal;
  answer(result: LookupResult): void;
}

/** Returns a resolver whose lookups the test settles. */
function world() {
  const clock = new ManualClock();
  const questions: Question[] = [];
  const ask = (host: string, signal: AbortSignal) =>
    new Promise<LookupResult>((answer) => questions.push({ host, signal, answer }));
  const resolver = new SystemResolver(ask, clock);
  return {
    clock,
    questions,
    resolve: (host: string, signal = patient) => resolver.resolve(host, signal),
    /** Resolves a name for the first time with the given lookup result. */
    async learned(host: string, result: LookupResult) {
      const addresses = resolver.resolve(host, patient);
      await turn();
      questions.at(-1)!.answer(result);
      return await addresses;
    },
  };
}

const patient = new AbortController().signal;
const OLD = ["192.0.2.1"];
const NEW = ["192.0.2.2"];
const found = (addresses: readonly string[]): LookupResult => ({ kind: "found", addresses });
const absent: LookupResult = { kind: "absent" };
const unanswered: LookupResult = { kind: "unanswered" };

/** Resolves after all promises that can settle have settled. */
const turn = () => new Promise((resolve) => setImmediate(resolve));

/** Returns the current value of a promise, or undefined while it is pending. */
async function nowOf<T>(promise: Promise<T>): Promise<T | undefined> {
  return await Promise.race([promise, turn().then(() => undefined)]);
}

test("concurrent callers share one lookup and its result while it is fresh", async () => {
  const { clock, questions, resolve } = world();
  const both = Promise.all([resolve("a.test"), resolve("a.test")]);
  await turn();
  questions[0]!.answer(found(OLD));
  expect(await both).toEqual([OLD, OLD]);
  clock.pass(freshMs - 1);
  expect(await resolve("a.test")).toEqual(OLD);
  expect(questions).toHaveLength(1);
});

test("a result that is no longer fresh is looked up again, and the newer one is used", async () => {
  const { clock, questions, resolve, learned } = world();
  await learned("a.test", found(OLD));
  clock.pass(freshMs);
  const again = resolve("a.test");
  await turn();
  questions[1]!.answer(found(NEW));
  expect(await again).toEqual(NEW);
  expect(await resolve("a.test")).toEqual(NEW);
});

test("while the name servers do not respond, the old result is used, the first time after a short wait and then immediately", async () => {
  const { clock, questions, resolve, learned } = world();
  await learned("a.test", found(OLD));
  clock.pass(freshMs);
  const first = resolve("a.test");
  expect(await nowOf(first)).toBeUndefined();
  clock.pass(100);
  expect(await nowOf(first)).toEqual(OLD);
  expect(await nowOf(resolve("a.test"))).toEqual(OLD);
  questions[1]!.answer(unanswered);
  await turn();
  expect(await nowOf(resolve("a.test"))).toEqual(OLD);
  expect(questions).toHaveLength(2);
});

test("a new result that arrives after the old one was returned is used from then on", async () => {
  const { clock, questions, resolve, learned } = world();
  await learned("a.test", found(OLD));
  clock.pass(freshMs);
  const first = resolve("a.test");
  clock.pass(100);
  expect(await first).toEqual(OLD);
  questions[1]!.answer(found(NEW));
  await turn();
  expect(await resolve("a.test")).toEqual(NEW);
});

test("an old result is not used after its lifetime", async () => {
  const { clock, questions, resolve, learned } = world();
  await learned("a.test", found(OLD));
  clock.pass(usableMs);
  const late = resolve("a.test");
  clock.pass(100);
  expect(await nowOf(late)).toBeUndefined();
  questions[1]!.answer(unanswered);
  expect(await late).toEqual([]);
});

test("an old result that expires during a lookup is not returned to later callers", async () => {
  const { clock, questions, resolve, learned } = world();
  await learned("a.test", found(OLD));
  clock.pass(usableMs - 200);
  void resolve("a.test");
  clock.pass(200);
  const later = resolve("a.test");
  expect(await nowOf(later)).toBeUndefined();
  questions[1]!.answer(found(NEW));
  expect(await later).toEqual(NEW);
});

test("the old addresses of a name that no longer exists are not used", async () => {
  const { clock, questions, resolve, learned } = world();
  await learned("a.test", found(OLD));
  clock.pass(freshMs);
  const again = resolve("a.test");
  await turn();
  questions[1]!.answer(absent);
  expect(await again).toEqual([]);
  expect(await resolve("a.test")).toEqual([]);
});

for (const result of [absent, unanswered]) {
  test(`a name that was ${result.kind} is looked up again after increasing pauses`, async () => {
    const { clock, questions, resolve, learned } = world();
    expect(await learned("a.test", result)).toEqual([]);
    for (const pauseMs of [2000, 4000, 8000]) {
      clock.pass(pauseMs - 1);
      expect(await resolve("a.test")).toEqual([]);
      const { length } = questions;
      clock.pass(1);
      const again = resolve("a.test");
      await turn();
      expect(questions).toHaveLength(length + 1);
      questions.at(-1)!.answer(result);
      expect(await again).toEqual([]);
    }
  });
}

test("a lookup without a response times out and releases its waiters", async () => {
  const { clock, questions, resolve } = world();
  const addresses = resolve("a.test");
  await turn();
  clock.pass(6000);
  expect(await addresses).toEqual([]);
  expect(questions[0]!.signal.aborted).toBe(true);
  questions[0]!.answer(found(OLD));
  expect(await resolve("a.test")).toEqual([]);
});

test("a caller that aborts immediately gets an empty result, and the other callers get the addresses", async () => {
  const { questions, resolve } = world();
  const impatient = new AbortController();
  const [abandoned, awaited] = [resolve("a.test", impatient.signal), resolve("a.test")];
  await turn();
  impatient.abort();
  expect(await nowOf(abandoned)).toEqual([]);
  expect(await nowOf(resolve("a.test", impatient.signal))).toEqual([]);
  questions[0]!.answer(found(OLD));
  expect(await awaited).toEqual(OLD);
});

test("no timer is left when all lookups have ended", async () => {
  const { clock, questions, resolve, learned } = world();
  await learned("a.test", found(OLD));
  clock.pass(freshMs);
  const again = resolve("a.test");
  await turn();
  questions[1]!.answer(found(NEW));
  await again;
  expect(clock.timers).toBe(0);
});

test("known names are looked up even if the lookups of many new names hang", async () => {
  const { clock, questions, resolve, learned } = world();
  await learned("known.test", found(OLD));
  clock.pass(freshMs);
  for (let i = 0; i < 2000; i++) void resolve(`hung${i}.test`);
  await turn();
  const hung = questions.length - 1;
  expect(hung).toBeLessThan(2000);
  const known = resolve("known.test");
  await turn();
  expect(questions.at(-1)!.host).toBe("known.test");
  questions.at(-1)!.answer(found(NEW));
  expect(await known).toEqual(NEW);
});

test("new names are looked up even if the lookups of many failing names hang", async () => {
  const { clock, questions, resolve } = world();
  const names = Array.from({ length: 600 }, (_, i) => `hung${i}.test`);
  for (const name of names) void resolve(name);
  await turn();
  for (const question of questions.splice(0)) question.answer(unanswered);
  await turn();
  clock.pass(2000);
  for (const name of names) void resolve(name);
  await turn();
  expect(questions.length).toBeLessThan(600);
  const fresh = resolve("new.test");
  await turn();
  expect(questions.at(-1)!.host).toBe("new.test");
  questions.at(-1)!.answer(found(NEW));
  expect(await fresh).toEqual(NEW);
});

test("waiting names are looked up in order of arrival", async () => {
  const { questions, resolve } = world();
  for (let i = 0; i < 800; i++) void resolve(`name${i}.test`);
  await turn();
  const { length } = questions;
  questions[0]!.answer(found(OLD));
  questions[1]!.answer(found(OLD));
  await turn();
  expect(questions.slice(length).map(({ host }) => host)).toEqual([`name${length}.test`, `name${length + 1}.test`]);
});

test("a lookup fails while too many are waiting, and the failure is not cached", async () => {
  const { questions, resolve } = world();
  for (let i = 0; i < 11_000; i++) void resolve(`hung${i}.test`);
  await turn();
  expect(await nowOf(resolve("one-too-many.test"))).toEqual([]);
  while (questions.length > 0) {
    for (const question of questions.splice(0)) question.answer(found(OLD));
    await turn();
  }
  const again = resolve("one-too-many.test");
  await turn();
  questions[0]!.answer(found(NEW));
  expect(await again).toEqual(NEW);
});

test("a caller that aborts while no name server responds gets a shortage as the result", async () => {
  let isSilent = true;
  const resolver = new SystemResolver(
    () => new Promise(() => {}),
    new ManualClock(),
    () => isSilent,
  );
  const [first, second] = [new AbortController(), new AbortController()];
  const resolved = [resolver.resolve("a.test", first.signal), resolver.resolve("a.test", second.signal)];
  first.abort();
  isSilent = false;
  second.abort();
  expect(await Promise.all(resolved)).toEqual([noNameServer, []]);
});

test("a lookup that reaches its time limit while no name server responds returns the shortage", async () => {
  const clock = new ManualClock();
  const resolver = new SystemResolver(
    () => new Promise(() => {}),
    clock,
    () => true,
  );
  const resolved = resolver.resolve("a.test", patient);
  await turn();
  clock.pass(6000);
  expect(await resolved).toEqual(noNameServer);
});
