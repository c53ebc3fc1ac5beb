import type { Seq } from "../../../core/id.ts";
import type { Range } from "../../sql/range.ts";

const NONE: readonly Seq[] = [];

/** Numbers of rows by owner, ascending and without duplicates. */
export class RecentRows {
  readonly #byOwner = new Map<Seq, Seq[]>();
  count = 0;
  /** The greatest number; 0 if there is none. */
  last: Seq = 0;

  add(owner: Seq, seq: Seq): void {
    const seqs = this.#byOwner.get(owner);
    if (seqs === undefined) this.#byOwner.set(owner, [seq]);
    else if (seq > seqs[seqs.length - 1]!) seqs.push(seq);
    else {
      const at = indexOf(seqs, seq);
      if (seqs[at] === seq) return;
      seqs.splice(at, 0, seq);
    }
    this.count++;
    if (seq > this.last) this.last = seq;
  }

  /** Returns the rows of an owner in a range. */
  in(owner: Seq, { from, to }: Range): readonly Seq[] {
    const seqs = this.#byOwner.get(owner);
    return seqs === undefined ? NONE : seqs.slice(indexOf(seqs, from), indexOf(seqs, to));
  }

  /** Yields all numbers by owner, at most `limit` together. Rows that are added between two portions may be missing. */
  *portions(limit: number): Generator<readonly Seq[]> {
    let portion: Seq[] = [];
    for (const owner of Float64Array.from(this.#byOwner.keys()).sort()) {
      const seqs = this.#byOwner.get(owner)!;
      for (let at = 0; at < seqs.length; ) {
        const end = at + limit - portion.length;
        portion.push(...seqs.slice(at, end));
        at = end;
        if (portion.length < limit) continue;
        yield portion;
        portion = [];
      }
    }
    if (portion.length > 0) yield portion;
  }
}

/** Returns the index of the first number that is not before `seq`. */
function indexOf(seqs: readonly Seq[], seq: Seq): number {
  let low = 0;
  let high = seqs.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (seqs[middle]! < seq) low = middle + 1;
    else high = middle;
  }
  return low;
}
