import type { Database } from "bun:sqlite";
import { expect } from "bun:test";
import fc from "fast-check";
import type { Committer } from "../../../../src/store/sqlite/commit/commit.ts";

/** The owners of the rows. */
export const OWNERS = [1, 2, 3];

/** A database with an index of rows by owner. */
export interface IndexedWorld {
  readonly db: Database;
  readonly committer: Committer;
  /** The table of the rows. */
  readonly rows: string;
  /** Whether commits fail. */
  isDiskFull: boolean;
  /** Opens the database as after a restart. */
  restart(): void;
  /** Adds rows in one commit. */
  add(owner: number, ...seqs: number[]): Promise<void>;
  /** Deletes the rows in a range of numbers. */
  delete(from: number, to: number): Promise<void>;
}

/**
 * An event that affects the index: rows are added, with lower numbers than earlier ones if `back` is
 * not 0; some are deleted; a commit fails; one write of a commit throws; the server restarts; or other
 * work is committed, which lets a move continue.
 */
export type Step =
  | { readonly kind: "add" | "full" | "thrown"; readonly owner: number; readonly count: number; readonly back: number }
  | { readonly kind: "delete"; readonly from: number; readonly count: number }
  | { readonly kind: "restart" | "commit" };

const anyAddition = {
  owner: fc.constantFrom(...OWNERS),
  count: fc.integer({ min: 1, max: 8 }),
  back: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.integer({ min: 1, max: 60 }) }),
};
export const anyStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 12, arbitrary: fc.record({ kind: fc.constant("add" as const), ...anyAddition }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom("full" as const, "thrown" as const), ...anyAddition }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("delete" as const),
      from: fc.integer({ min: 0, max: 400 }),
      count: fc.integer({ min: 1, max: 30 }),
    }),
  },
  { weight: 1, arbitrary: fc.constant<Step>({ kind: "restart" }) },
  { weight: 4, arbitrary: fc.constant<Step>({ kind: "commit" }) },
);

/** Returns numbers that no row has, a few apart so that others fit between them. */
function freeNumbers(
  { db, rows }: IndexedWorld,
  next: number,
  { count, back }: { count: number; back: number },
): number[] {
  const isUsed = db.query<unknown, [number]>(`SELECT 1 FROM ${rows} WHERE seq = ?`);
  const seqs: number[] = [];
  for (let seq = Math.max(1, next - back); seqs.length < count; seq++) {
    if ((back > 0 || seq % 3 === 0) && isUsed.get(seq) === null) seqs.push(seq);
  }
  return seqs;
}

/**
 * Lets a step happen. `next` is greater than the numbers of all rows. Returns its new value. Fails if a write has another
 * result than the step says.
 */
export async function runStep(world: IndexedWorld, step: Step, next: number): Promise<number> {
  if (step.kind === "restart") world.restart();
  else if (step.kind === "delete") await world.delete(step.from, step.from + step.count);
  else if (!("back" in step)) await world.committer.write(() => {});
  else {
    const seqs = freeNumbers(world, next, step);
    world.isDiskFull = step.kind === "full";
    const other = step.kind === "thrown" ? [world.committer.write(throwing)] : [];
    const results = await Promise.allSettled([world.add(step.owner, ...seqs), ...other]);
    world.isDiskFull = false;
    expect(results[0].status).toBe(step.kind === "full" ? "rejected" : "fulfilled");
    return Math.max(next, seqs.at(-1)! + 1);
  }
  return next;
}

function throwing(): never {
  throw new Error("planted");
}
