/** A line of a difference: in both texts, only in the first, or only in the second. */
export interface DiffLine {
  readonly kind: "same" | "removed" | "added";
  readonly text: string;
}

/** Maximum number of changed lines for which a shortest difference is looked for. */
const EDITS_MAX = 500;

/**
 * Returns the lines of two texts as a shortest difference (Myers, 1986). Texts that differ in too many
 * lines are removed and added as a whole, apart from their common beginning and end.
 */
export function diffLines(before: string, after: string): readonly DiffLine[] {
  const [old, now] = [linesOf(before), linesOf(after)];
  let start = 0;
  while (start < old.length && start < now.length && old[start] === now[start]) start++;
  let end = 0;
  while (end < old.length - start && end < now.length - start && old.at(-1 - end) === now.at(-1 - end)) end++;
  const middle = [old.slice(start, old.length - end), now.slice(start, now.length - end)] as const;
  return [
    ...old.slice(0, start).map(same),
    ...(shortest(...middle) ?? [...middle[0].map(removed), ...middle[1].map(added)]),
    ...old.slice(old.length - end).map(same),
  ];
}

const same = (text: string): DiffLine => ({ kind: "same", text });
const removed = (text: string): DiffLine => ({ kind: "removed", text });
const added = (text: string): DiffLine => ({ kind: "added", text });

function linesOf(text: string): string[] {
  return text === "" ? [] : text.split("\n");
}

/** Returns a shortest difference, or null if it has too many edits. */
function shortest(old: readonly string[], now: readonly string[]): DiffLine[] | null {
  const reached = new Map<number, number>([[1, 0]]);
  const trace: Map<number, number>[] = [];
  const most = Math.min(old.length + now.length, EDITS_MAX);
  for (let edits = 0; edits <= most; edits++) {
    trace.push(new Map(reached));
    for (let diagonal = -edits; diagonal <= edits; diagonal += 2) {
      let x = cameFromAbove(reached, diagonal, edits) ? reached.get(diagonal + 1)! : reached.get(diagonal - 1)! + 1;
      while (x < old.length && x - diagonal < now.length && old[x] === now[x - diagonal]) x++;
      reached.set(diagonal, x);
      if (x >= old.length && x - diagonal >= now.length) return walkBack(old, now, trace);
    }
  }
  return null;
}

/** Returns whether the furthest path to a diagonal ends with an added line. */
function cameFromAbove(reached: ReadonlyMap<number, number>, diagonal: number, edits: number): boolean {
  if (diagonal === -edits) return true;
  return diagonal !== edits && (reached.get(diagonal - 1) ?? -1) < (reached.get(diagonal + 1) ?? -1);
}

function walkBack(
  old: readonly string[],
  now: readonly string[],
  trace: readonly ReadonlyMap<number, number>[],
): DiffLine[] {
  const lines: DiffLine[] = [];
  let [x, y] = [old.length, now.length];
  for (let edits = trace.length - 1; edits >= 0; edits--) {
    const reached = trace[edits]!;
    const diagonal = x - y;
    const isAdded = cameFromAbove(reached, diagonal, edits);
    const from = isAdded ? diagonal + 1 : diagonal - 1;
    const fromX = edits === 0 ? 0 : reached.get(from)!;
    const fromY = edits === 0 ? 0 : fromX - from;
    while (x > fromX && y > fromY) {
      lines.push(same(old[--x]!));
      y--;
    }
    if (edits === 0) break;
    lines.push(isAdded ? added(now[--y]!) : removed(old[--x]!));
  }
  return lines.reverse();
}

/** Lines to show, or a number of equal lines that are left out. */
export type DiffPart = DiffLine | { readonly kind: "skipped"; readonly count: number };

/** Leaves out equal lines that are further than `context` lines from a change. */
export function withContext(lines: readonly DiffLine[], context: number): readonly DiffPart[] {
  const isNear = new Uint8Array(lines.length);
  for (const [at, { kind }] of lines.entries()) {
    if (kind !== "same") isNear.fill(1, Math.max(0, at - context), at + context + 1);
  }
  const parts: DiffPart[] = [];
  let count = 0;
  for (const [at, line] of lines.entries()) {
    if (isNear[at] === 0) count++;
    else {
      if (count > 0) parts.push({ kind: "skipped", count });
      count = 0;
      parts.push(line);
    }
  }
  if (count > 0) parts.push({ kind: "skipped", count });
  return parts;
}
