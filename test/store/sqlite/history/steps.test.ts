import { describe, expect, test } from "bun:test";
import type { PageOf, PageRequest } from "../../../../src/store/index.ts";
import type { Range } from "../../../../src/store/sql/range.ts";
import { readSteps } from "../../../../src/store/sql/steps.ts";
import { Turns } from "../../../../src/store/turns.ts";

describe("a list that is read in steps", () => {
  test.each(["ascending", "descending"] as const)(
    "pages that stop early continue where they stopped, and together have every match (%s)",
    async (order) => {
      const numbers = Array.from({ length: 40 }, (_, i) => i + 1);
      const wanted = [3, 13, 28, 38];
      const inOrder = (all: readonly number[], { from, to }: Range) => {
        const inside = all.filter((seq) => seq >= from && seq < to);
        return order === "ascending" ? inside : inside.reverse();
      };
      const turns = new Turns({ soon: (task) => void setImmediate(task) });
      const found: number[] = [];
      let requests = 0;
      for (let from: number | undefined | null = null; from !== undefined; requests++) {
        const page: PageRequest = { limit: 10, from, backwards: false, order };
        const within: Range = order === "ascending" ? { from: (from ?? 0) + 1, to: 100 } : { from: 0, to: from ?? 100 };
        const steps = {
          lastOf: (range: Range) => inOrder(numbers, range)[3],
          read: (range: Range, limit: number) => ({
            rows: inOrder(wanted, range)
              .slice(0, limit)
              .map((seq) => ({ seq })),
          }),
        };
        const result: PageOf<{ readonly seq: number }> = await readSteps(turns, page, within, steps, 3);
        expect(result.more).toBe(result.resume !== undefined);
        found.push(...result.rows.map(({ seq }) => seq));
        from = result.resume;
      }
      expect(found).toEqual(order === "ascending" ? wanted : wanted.toReversed());
      expect(requests).toBe(4);
    },
  );
});
