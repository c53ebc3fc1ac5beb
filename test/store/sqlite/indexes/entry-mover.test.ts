import { expect, test } from "bun:test";
import type { Fact } from "../../../../src/core/fact.ts";
import { StoreUnavailable } from "../../../../src/store/index.ts";
import { EntryMover } from "../../../../src/store/sqlite/indexes/entry-mover.ts";

/** A mover whose moves fail with `error`, unless it is null. */
class World {
  error: Error | null = null;
  moves = 0;
  readonly facts: Fact[] = [];
  readonly #mover = new EntryMover({
    move: async () => {
      this.moves++;
      if (this.error !== null) throw this.error;
    },
    entries: "a_table",
    onFact: (fact) => this.facts.push(fact),
  });

  /** Lets as many commits end, and the moves that they begin. */
  async commits(count: number): Promise<void> {
    for (let i = 0; i < count; i++) {
      this.#mover.start();
      await Bun.sleep(0);
    }
  }
}

test("a move that an unavailable store has ended is tried again after each commit, without a report", async () => {
  const world = new World();
  world.error = new StoreUnavailable("The disk is full.");
  await world.commits(5);
  expect(world).toMatchObject({ moves: 5, facts: [] });
});

test("a move that a defect has ended is tried again only after 1,000 commits, and is reported once until one succeeds", async () => {
  const world = new World();
  world.error = new Error("planted");
  await world.commits(1001);
  expect(world.moves).toBe(1);
  await world.commits(1);
  expect(world.moves).toBe(2);
  expect(world.facts).toEqual([{ type: "defect.found", where: "entries of a_table", error: world.error }]);
  world.error = null;
  await world.commits(1001);
  expect(world.moves).toBe(3);
  world.error = new Error("planted again");
  await world.commits(1);
  expect(world.facts).toHaveLength(2);
});

test("commits while a move is under way begin no second one", async () => {
  let moves = 0;
  const { promise, resolve } = Promise.withResolvers<void>();
  const move = () => {
    moves++;
    return promise;
  };
  const mover = new EntryMover({ move, entries: "a_table", onFact: () => {} });
  mover.start();
  mover.start();
  expect(moves).toBe(1);
  resolve();
  await Bun.sleep(0);
  mover.start();
  expect(moves).toBe(2);
});
