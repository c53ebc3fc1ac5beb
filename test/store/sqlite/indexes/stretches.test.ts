import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { EVERYTHING, type Range } from "../../../../src/store/sql/range.ts";
import { Stretches } from "../../../../src/store/sqlite/indexes/stretches.ts";
import type { Trait } from "../../../../src/store/sqlite/indexes/trait.ts";
import { migrate } from "../../../../src/store/sqlite/schema/migrate.ts";

const TRAITS: readonly Trait[] = ["a", "b", "ab", "c:a", 7, 77];
/** Traits that no row has, so many that a search for any of them uses its other strategy. */
const NEVER: readonly Trait[] = Array.from({ length: 20 }, (_, i) => `never-${i}`);
const LISTS = [1, 2, 3];
const LIMITS = { rows: 3, open: 2 };

interface Row {
  readonly list: number;
  readonly seq: number;
  readonly traits: readonly Trait[];
}

/**
 * An event that affects the index: a row is added, with a lower number than earlier rows if
 * `isLate`; an addition is rolled back; or the process stops or crashes and then restarts.
 */
type Step =
  | { readonly kind: "row"; readonly list: number; readonly traits: readonly Trait[]; readonly isLate: boolean }
  | { readonly kind: "undone"; readonly list: number }
  | { readonly kind: "stop" }
  | { readonly kind: "crash" };

const anyStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 20,
    arbitrary: fc.record({
      kind: fc.constant("row" as const),
      list: fc.constantFrom(...LISTS),
      traits: fc.subarray([...TRAITS]),
      isLate: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("undone" as const), list: fc.constantFrom(...LISTS) }) },
  { weight: 1, arbitrary: fc.constantFrom<Step>({ kind: "stop" }, { kind: "crash" }) },
);

class World {
  readonly rows: Row[] = [];
  readonly #db = new Database(":memory:", { strict: true });
  #undo = () => {};
  #seq = 100;
  index: Stretches;

  constructor() {
    migrate(this.#db);
    this.index = this.#open();
  }

  #open(): Stretches {
    return new Stretches(this.#db, { onRollback: (listener) => (this.#undo = listener) }, this.#seq, LIMITS);
  }

  take(step: Step): void {
    if (step.kind === "row") this.#add(step);
    else if (step.kind === "undone") this.#addAndUndo(step.list);
    else {
      if (step.kind === "stop") this.index.close();
      this.index = this.#open();
    }
  }

  #add({ list, traits, isLate }: Step & { readonly kind: "row" }): void {
    this.#seq += 10;
    const inOrder = this.#seq;
    // A late row has a number that was allocated earlier but not used yet.
    const seq = isLate ? Math.max(5, inOrder - 45) - (inOrder % 4) - 1 : inOrder;
    if (this.rows.some((row) => row.seq === seq)) return;
    this.index.mark(list, seq, traits);
    this.rows.push({ list, seq, traits });
  }

  #addAndUndo(list: number): void {
    this.#db.run("BEGIN");
    this.#seq += 10;
    this.index.mark(list, this.#seq, TRAITS);
    this.#db.run("ROLLBACK");
    this.#undo();
  }
}

const isIn = (range: Range, seq: number) => seq >= range.from && seq < range.to;

describe("stretches", () => {
  test("a search by stretches finds every matching row once, in the requested direction", () => {
    const anyTerm = fc.subarray([...TRAITS], { minLength: 1 });
    const anyTerms = fc.array(
      fc.oneof(
        anyTerm,
        anyTerm.map((term) => [...NEVER, ...term]),
      ),
      {
        minLength: 1,
        maxLength: 3,
      },
    );
    const anyBorder = fc.integer({ min: 0, max: 900 });
    fc.assert(
      fc.property(
        fc.array(anyStep, { maxLength: 70 }),
        anyTerms,
        anyBorder,
        anyBorder,
        fc.constantFrom("ASC" as const, "DESC" as const),
        (steps, terms, a, b, direction) => {
          const world = new World();
          for (const step of steps) world.take(step);
          const within = { from: Math.min(a, b), to: Math.max(a, b) };
          for (const list of LISTS) {
            const ranges = [...world.index.find(list, terms, within, direction)].filter(({ from, to }) => from < to);
            const wanted = world.rows.filter(
              (row) =>
                row.list === list &&
                isIn(within, row.seq) &&
                terms.every((term) => term.some((one) => row.traits.includes(one))),
            );
            for (const { seq } of wanted) expect(ranges.filter((range) => isIn(range, seq))).toHaveLength(1);
            const inOrder = direction === "ASC" ? ranges : ranges.toReversed();
            for (const [i, range] of inOrder.entries()) {
              expect(range.from).toBeGreaterThanOrEqual(i === 0 ? within.from : inOrder[i - 1]!.to);
              expect(range.to).toBeLessThanOrEqual(within.to);
            }
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  test("a search skips stretches without a match", () => {
    const world = new World();
    const add = (traits: readonly Trait[]) => world.take({ kind: "row", list: 1, traits, isLate: false });
    for (let i = 0; i < 300; i++) add(i === 150 ? ["a", "b"] : ["a"]);
    add(["c:a"]);
    const rowsIn = (term: Trait) => {
      const ranges = [...world.index.find(1, [[term]], EVERYTHING, "DESC")];
      return world.rows.filter(({ seq }) => ranges.some((range) => isIn(range, seq))).length;
    };
    // The search reads the stretch with the match, and the last stretch, whose traits are not
    // stored yet.
    expect(rowsIn("b")).toBeLessThanOrEqual(2 * LIMITS.rows);
    expect(rowsIn("never")).toBeLessThanOrEqual(LIMITS.rows);
    expect(rowsIn("a")).toBe(301);
  });
});

test("the example in the documentation of stretches is correct", () => {
  using db = new Database(":memory:", { strict: true });
  migrate(db);
  const index = new Stretches(db, { onRollback: () => {} }, 0, { rows: 4, open: 10 });
  const rows: [seq: number, type: string, channels: string[]][] = [
    [11, "a", ["eu"]],
    [12, "b", []],
    [14, "a", ["eu"]],
    [15, "a", []],
    [20, "c", ["eu"]],
    [21, "c", ["us"]],
    [23, "c", []],
    [26, "c", []],
    [30, "a", []],
    [31, "c", ["us"]],
  ];
  for (const [seq, type, channels] of rows) index.mark(7, seq, [type, ...channels.map((channel) => `c:${channel}`)]);
  expect(db.query("SELECT list_seq, start, traits FROM stretch").values()).toEqual([
    [7, 11, "|a||c:eu||b|"],
    [7, 20, "|c||c:eu||c:us|"],
    [7, 30, null],
  ]);
  const startsFor = (one: Trait) =>
    [...index.find(7, [[one]], EVERYTHING, "ASC")].filter(({ from, to }) => from < to).map(({ from }) => from);
  expect(startsFor("c:us")).toEqual([20, 30]);
  expect(startsFor("b")).toEqual([11, 30]);
});
