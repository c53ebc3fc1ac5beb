import { expect, test } from "bun:test";
import { Turns } from "../../src/edge/turns.ts";

/** Takes turns for these, and says in which order they got them. */
function queue(turns: Turns) {
  const gone: string[] = [];
  const refused: string[] = [];
  return {
    gone,
    refused,
    come(name: string, rank: number) {
      void turns.take(rank).then((isTurn) => (isTurn ? gone : refused).push(name));
    },
  };
}

/** After all promises that can be kept have been. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

test("so many go at once, the others in the order in which they came", async () => {
  const turns = new Turns([2], 10);
  const { gone, come } = queue(turns);
  for (const name of ["a", "b", "c", "d"]) come(name, 0);
  await settled();
  expect(gone).toEqual(["a", "b"]);
  turns.leave(0);
  await settled();
  expect(gone).toEqual(["a", "b", "c"]);
  turns.leave(0);
  turns.leave(0);
  await settled();
  expect(gone).toEqual(["a", "b", "c", "d"]);
});

test("lower ranks leave places free for better ones", async () => {
  const turns = new Turns([3, 2, 1], 10);
  const { gone, come } = queue(turns);
  for (const name of ["failing1", "failing2"]) come(name, 2);
  for (const name of ["new1", "new2"]) come(name, 1);
  for (const name of ["known1", "known2"]) come(name, 0);
  await settled();
  expect(gone).toEqual(["failing1", "new1", "known1"]);
});

test("a better rank goes first, also when it came last", async () => {
  const turns = new Turns([1, 1, 1], 10);
  const { gone, come } = queue(turns);
  come("first", 0);
  come("failing", 2);
  come("new", 1);
  come("known", 0);
  await settled();
  for (const rank of [0, 0, 1, 2]) {
    turns.leave(rank);
    await settled();
  }
  expect(gone).toEqual(["first", "known", "new", "failing"]);
});

test("a place that only a better rank may have stays free", async () => {
  const turns = new Turns([2, 1], 10);
  const { gone, come } = queue(turns);
  come("known1", 0);
  come("known2", 0);
  come("new1", 1);
  come("new2", 1);
  await settled();
  turns.leave(0);
  turns.leave(0);
  await settled();
  expect(gone).toEqual(["known1", "known2", "new1"]);
});

test("whoever finds too many waiting is refused at once, and later ones are not", async () => {
  const turns = new Turns([1], 2);
  const { gone, refused, come } = queue(turns);
  for (const name of ["a", "b", "c", "d"]) come(name, 0);
  await settled();
  expect([gone, refused]).toEqual([["a"], ["d"]]);
  turns.leave(0);
  come("e", 0);
  await settled();
  expect([gone, refused]).toEqual([["a", "b"], ["d"]]);
});
