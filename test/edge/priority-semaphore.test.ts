import { expect, test } from "bun:test";
import { PrioritySemaphore } from "../../src/edge/priority-semaphore.ts";

/** Acquires the semaphore for named callers and records the order in which they were admitted. */
function queue(semaphore: PrioritySemaphore) {
  const admitted: string[] = [];
  const refused: string[] = [];
  return {
    admitted,
    refused,
    come(name: string, rank: number) {
      void semaphore.acquire(rank).then((isAcquired) => (isAcquired ? admitted : refused).push(name));
    },
  };
}

/** Resolves after all promises that can settle have settled. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

test("callers up to the limit are admitted immediately, and the others in order of arrival", async () => {
  const semaphore = new PrioritySemaphore([2], 10);
  const { admitted, come } = queue(semaphore);
  for (const name of ["a", "b", "c", "d"]) come(name, 0);
  await settled();
  expect(admitted).toEqual(["a", "b"]);
  semaphore.release(0);
  await settled();
  expect(admitted).toEqual(["a", "b", "c"]);
  semaphore.release(0);
  semaphore.release(0);
  await settled();
  expect(admitted).toEqual(["a", "b", "c", "d"]);
});

test("lower priorities leave capacity free for higher ones", async () => {
  const semaphore = new PrioritySemaphore([3, 2, 1], 10);
  const { admitted, come } = queue(semaphore);
  for (const name of ["failing1", "failing2"]) come(name, 2);
  for (const name of ["new1", "new2"]) come(name, 1);
  for (const name of ["known1", "known2"]) come(name, 0);
  await settled();
  expect(admitted).toEqual(["failing1", "new1", "known1"]);
});

test("a higher priority is admitted first, even if it arrives last", async () => {
  const semaphore = new PrioritySemaphore([1, 1, 1], 10);
  const { admitted, come } = queue(semaphore);
  come("first", 0);
  come("failing", 2);
  come("new", 1);
  come("known", 0);
  await settled();
  for (const rank of [0, 0, 1, 2]) {
    semaphore.release(rank);
    await settled();
  }
  expect(admitted).toEqual(["first", "known", "new", "failing"]);
});

test("capacity that is reserved for a higher priority stays free", async () => {
  const semaphore = new PrioritySemaphore([2, 1], 10);
  const { admitted, come } = queue(semaphore);
  come("known1", 0);
  come("known2", 0);
  come("new1", 1);
  come("new2", 1);
  await settled();
  semaphore.release(0);
  semaphore.release(0);
  await settled();
  expect(admitted).toEqual(["known1", "known2", "new1"]);
});

test("a caller is refused immediately while too many are waiting, and is admitted once fewer wait", async () => {
  const semaphore = new PrioritySemaphore([1], 2);
  const { admitted, refused, come } = queue(semaphore);
  for (const name of ["a", "b", "c", "d"]) come(name, 0);
  await settled();
  expect([admitted, refused]).toEqual([["a"], ["d"]]);
  semaphore.release(0);
  come("e", 0);
  await settled();
  expect([admitted, refused]).toEqual([["a", "b"], ["d"]]);
});
