import { expect, test } from "bun:test";
import { freshMs, type LookupResult, usableMs } from "../../src/core/name-answer.ts";
import { SystemResolver } from "../../src/edge/resolver.ts";
import type { Clock } from "../../src/ports.ts";

/** Time that passes when it is told to. */
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

/** A resolver whose questions the test answers. */
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
    /** Asks for a name for the first time, and has it answered like this. */
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

/** After all promises that can be kept have been. */
const turn = () => new Promise((resolve) => setImmediate(resolve));

/** What a promise has come to by now; undefined when it has not. */
async function nowOf<T>(promise: Promise<T>): Promise<T | undefined> {
  return await Promise.race([promise, turn().then(() => undefined)]);
}

test("all who want a name share one question, and its answer while it is fresh", async () => {
  const { clock, questions, resolve } = world();
  const both = Promise.all([resolve("a.test"), resolve("a.test")]);
  await turn();
  questions[0]!.answer(found(OLD));
  expect(await both).toEqual([OLD, OLD]);
  clock.pass(freshMs - 1);
  expect(await resolve("a.test")).toEqual(OLD);
  expect(questions).toHaveLength(1);
});

test("an answer that is no longer fresh is asked for again, and the newer one counts", async () => {
  const { clock, questions, resolve, learned } = world();
  await learned("a.test", found(OLD));
  clock.pass(freshMs);
  const again = resolve("a.test");
  await turn();
  questions[1]!.answer(found(NEW));
  expect(await again).toEqual(NEW);
  expect(await resolve("a.test")).toEqual(NEW);
});

test("while the name servers are silent, the old answer goes on: for the first after a moment, then at once", async () => {
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

test("an answer that comes after the old one was given is used from then on", async () => {
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

test("an old answer is not used for ever", async () => {
  const { clock, questions, resolve, learned } = world();
  await learned("a.test", found(OLD));
  clock.pass(usableMs);
  const late = resolve("a.test");
  clock.pass(100);
  expect(await nowOf(late)).toBeUndefined();
  questions[1]!.answer(unanswered);
  expect(await late).toEqual([]);
});

test("an old answer that ends while somebody asks is not given to those who come later", async () => {
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

test("when there is no such name any more, its old addresses are not used", async () => {
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
  test(`a name that was ${result.kind} is left alone for longer each time`, async () => {
    const { clock, questions, resolve, learned } = world();
    expect(await learned("a.test", result)).toEqual([]);
    for (const restMs of [2000, 4000, 8000]) {
      clock.pass(restMs - 1);
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

test("a question that nobody answers ends, and frees what waits for it", async () => {
  const { clock, questions, resolve } = world();
  const addresses = resolve("a.test");
  await turn();
  clock.pass(6000);
  expect(await addresses).toEqual([]);
  expect(questions[0]!.signal.aborted).toBe(true);
  questions[0]!.answer(found(OLD));
  expect(await resolve("a.test")).toEqual([]);
});

test("whoever gives up gets no address at once, and the others theirs", async () => {
  const { questions, resolve } = world();
  const impatient = new AbortController();
  const [given, awaited] = [resolve("a.test", impatient.signal), resolve("a.test")];
  await turn();
  impatient.abort();
  expect(await nowOf(given)).toEqual([]);
  expect(await nowOf(resolve("a.test", impatient.signal))).toEqual([]);
  questions[0]!.answer(found(OLD));
  expect(await awaited).toEqual(OLD);
});

test("no timer is left when everything has been answered", async () => {
  const { clock, questions, resolve, learned } = world();
  await learned("a.test", found(OLD));
  clock.pass(freshMs);
  const again = resolve("a.test");
  await turn();
  questions[1]!.answer(found(NEW));
  await again;
  expect(clock.timers).toBe(0);
});

test("however many new names hang, those that are known are asked for", async () => {
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

test("however many failing names hang, new ones are asked for", async () => {
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

test("names that wait for their turn are asked for in the order in which they came", async () => {
  const { questions, resolve } = world();
  for (let i = 0; i < 800; i++) void resolve(`name${i}.test`);
  await turn();
  const { length } = questions;
  questions[0]!.answer(found(OLD));
  questions[1]!.answer(found(OLD));
  await turn();
  expect(questions.slice(length).map(({ host }) => host)).toEqual([`name${length}.test`, `name${length + 1}.test`]);
});

test("where too many wait already, a name fails without being held against it", async () => {
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
