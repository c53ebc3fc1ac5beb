import { expect, test } from "bun:test";
import type { Fact } from "../../src/core/fact.ts";
import { Facts } from "../../src/core/facts.ts";
import type { OldestDue } from "../../src/deliver/lanes.ts";
import { OldestDueAnywhere } from "../../src/deliver/oldest-due.ts";
import { StoreUnavailable } from "../../src/store/index.ts";

/** What is due in environment 1, in the lanes of this process and of all. Reads of all lanes wait for the test. */
function dueWorld() {
  const state = { now: 0, isShared: true, own: [] as number[], reads: [] as PromiseWithResolvers<number[]>[] };
  const mapOf = (times: readonly number[]) => new Map(times.map((dueAt) => [1, { dueAt } as OldestDue]));
  const found: Fact[] = [];
  const facts = new Facts();
  facts.subscribe((fact) => void found.push(fact));
  const oldest = new OldestDueAnywhere({
    ...{ clock: { steady: () => state.now }, facts },
    isShared: () => state.isShared,
    own: () => mapOf(state.own),
    anywhere: async () => {
      const read = Promise.withResolvers<number[]>();
      state.reads.push(read);
      return mapOf(await read.promise);
    },
  });
  return { state, found, at: () => oldest.at(1) };
}

test("a process that is alone shows the oldest due delivery of its own lanes, and reads no others", async () => {
  const { state, at } = dueWorld();
  state.isShared = false;
  expect(await at()).toBeNull();
  state.own = [70];
  expect(await at()).toBe(70);
  expect(state.reads).toEqual([]);
});

test("the oldest due delivery is found whichever process serves its lane", async () => {
  const { state, at } = dueWorld();
  state.own = [70];
  const waiting = at();
  state.reads[0]!.resolve([50]);
  expect(await waiting).toBe(50);
  state.own = [40];
  expect(await at()).toBe(40);
});

test("the lanes of all processes are read again after 5 seconds, and nobody waits for that", async () => {
  const { state, at } = dueWorld();
  const waiting = [at(), at()];
  state.reads[0]!.resolve([50]);
  expect(await Promise.all(waiting)).toEqual([50, 50]);
  state.now = 5000;
  expect(await at()).toBe(50);
  expect(state.reads).toHaveLength(1);
  state.now = 5001;
  expect(await at()).toBe(50);
  expect(state.reads).toHaveLength(2);
  state.reads[1]!.resolve([]);
  await new Promise((resolve) => setImmediate(resolve));
  expect(await at()).toBeNull();
});

test("a read that fails leaves what was read before, and is reported only if it is a defect", async () => {
  const { state, found, at } = dueWorld();
  const first = at();
  state.reads[0]!.reject(new StoreUnavailable("no connection"));
  await expect(first).rejects.toThrow("no connection");
  const second = at();
  state.reads[1]!.resolve([50]);
  expect(await second).toBe(50);
  for (const [i, error] of [new StoreUnavailable("no connection"), new TypeError("planted")].entries()) {
    state.now += 6000;
    await at();
    state.reads[2 + i]!.reject(error);
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(found).toMatchObject([{ type: "defect.found", where: "oldest due delivery" }]);
});
