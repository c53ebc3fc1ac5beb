import { expect, test } from "bun:test";
import { systemClock } from "../../../../src/edge/clock.ts";
import { Gathered } from "../../../../src/store/postgres/connection/gathered.ts";

interface Statement {
  readonly inputs: readonly number[];
  answer(): void;
  fail(error: Error): void;
}

/** Reads the double of each number. A statement takes numbers up to a sum of 100. */
function doubles() {
  const statements: Statement[] = [];
  const gathered = new Gathered<number, number>({
    clock: systemClock,
    sizeMax: 100,
    sizeOf: (input) => input,
    read: (inputs) => {
      const { promise, resolve, reject } = Promise.withResolvers<readonly number[]>();
      statements.push({ inputs, answer: () => resolve(inputs.map((input) => 2 * input)), fail: reject });
      return promise;
    },
  });
  return { statements, read: (input: number) => gathered.read(input) };
}

/** Lets everything run that needs no answer. */
const turn = () => new Promise<void>((resolve) => setImmediate(() => setImmediate(resolve)));

test("reads that are begun in the same turn share a statement, and each gets its own result", async () => {
  const { statements, read } = doubles();
  const results = [read(1), read(2), read(3)];
  await turn();
  expect(statements.map(({ inputs }) => inputs)).toEqual([[1, 2, 3]]);
  statements[0]!.answer();
  expect(await Promise.all(results)).toEqual([2, 4, 6]);
});

test("reads that come while two statements have no answer yet share the next one", async () => {
  const { statements, read } = doubles();
  const results: Promise<number>[] = [];
  for (const input of [1, 2, 3, 4]) {
    results.push(read(input));
    await turn();
  }
  expect(statements.map(({ inputs }) => inputs)).toEqual([[1], [2]]);
  statements[1]!.answer();
  await turn();
  expect(statements.map(({ inputs }) => inputs)).toEqual([[1], [2], [3, 4]]);
  statements[0]!.answer();
  statements[2]!.answer();
  expect(await Promise.all(results)).toEqual([2, 4, 6, 8]);
});

test("a statement reads no more than fits, but at least one input", async () => {
  const { statements, read } = doubles();
  const results = [read(60), read(40), read(1), read(300), read(7)];
  for (let n = 0; n < 4; n++) {
    await turn();
    statements[n]!.answer();
  }
  expect(statements.map(({ inputs }) => inputs)).toEqual([[60, 40], [1], [300], [7]]);
  expect(await Promise.all(results)).toEqual([120, 80, 2, 600, 14]);
});

test("a statement that fails rejects its own reads only", async () => {
  const { statements, read } = doubles();
  const failing = [read(90), read(5)];
  const later = read(50);
  const outcomes = Promise.allSettled(failing);
  await turn();
  statements[0]!.fail(new Error("The server has gone."));
  await turn();
  statements[1]!.answer();
  expect((await outcomes).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  expect(await later).toBe(100);
  const next = read(4);
  await turn();
  statements[2]!.answer();
  expect(await next).toBe(8);
});
