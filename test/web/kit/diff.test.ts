import { expect, test } from "bun:test";
import fc from "fast-check";
import { diffLines, withContext } from "../../../web/kit/diff.ts";

const shown = (before: string, after: string) =>
  diffLines(before, after).map(({ kind, text }) => `${{ same: " ", removed: "-", added: "+" }[kind]}${text}`);

test("a difference keeps equal lines and shows what was removed and added", () => {
  expect(shown("a\nb\nc", "a\nx\nc")).toEqual([" a", "-b", "+x", " c"]);
  expect(shown("a\nb", "a\nb")).toEqual([" a", " b"]);
  expect(shown("", "a")).toEqual(["+a"]);
  expect(shown("a", "")).toEqual(["-a"]);
  expect(shown("", "")).toEqual([]);
  expect(shown("a\nb\nc\na\nb\nb\na", "c\nb\na\nb\na\nc").filter((line) => line[0] !== " ")).toHaveLength(5);
});

test("both texts can be read from every difference, and it is not longer than needed", () => {
  const text = fc.array(fc.constantFrom("a", "b", "c"), { maxLength: 12 }).map((lines) => lines.join("\n"));
  fc.assert(
    fc.property(text, text, (before, after) => {
      const lines = diffLines(before, after);
      const side = (other: string) => lines.filter(({ kind }) => kind !== other).map((line) => line.text);
      expect([side("added").join("\n"), side("removed").join("\n")]).toEqual([before, after]);
      const count = lines.filter(({ kind }) => kind === "same").length;
      expect(count).toBe(longestCommon(before, after));
    }),
  );
});

/** Returns the length of a longest common subsequence of lines, slowly. */
function longestCommon(before: string, after: string): number {
  const [old, now] = [before, after].map((text) => (text === "" ? [] : text.split("\n")));
  const best = (x: number, y: number): number => {
    if (x === old!.length || y === now!.length) return 0;
    const key = x * 100 + y;
    const known = seen.get(key);
    if (known !== undefined) return known;
    const found = old![x] === now![y] ? 1 + best(x + 1, y + 1) : Math.max(best(x + 1, y), best(x, y + 1));
    seen.set(key, found);
    return found;
  };
  const seen = new Map<number, number>();
  return best(0, 0);
}

test("texts that differ in too many lines are replaced between their common beginning and end", () => {
  const many = (name: string) => Array.from({ length: 2_000 }, (_, at) => `${name}${at}`);
  const lines = diffLines(["first", ...many("a"), "last"].join("\n"), ["first", ...many("b"), "last"].join("\n"));
  expect(lines).toHaveLength(4_002);
  expect([lines[0]!.kind, lines[1]!.kind, lines[2_001]!.kind, lines.at(-1)!.kind]).toEqual([
    ...(["same", "removed", "added", "same"] as const),
  ]);
});

test("equal lines far from a change are counted and left out", () => {
  const numbers = Array.from({ length: 20 }, (_, at) => String(at));
  const after = numbers.with(10, "x");
  const parts = withContext(diffLines(numbers.join("\n"), after.join("\n")), 2);
  expect(parts.map((part) => (part.kind === "skipped" ? `…${part.count}` : `${part.kind[0]}${part.text}`))).toEqual([
    ...["…8", "s8", "s9", "r10", "ax", "s11", "s12", "…7"],
  ]);
  expect(withContext(diffLines("a\nb", "a\nb"), 2)).toEqual([{ kind: "skipped", count: 2 }]);
});
