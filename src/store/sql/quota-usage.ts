import type { Seq } from "../../core/id.ts";
import type { QuotaExceeded } from "../../core/quota.ts";
import type { AcceptResult } from "../index.ts";

/** Number of stored messages that are counted in one commit. */
export const COUNTED_AT_ONCE = 1000;

/** What the next stored messages of an application use. */
export interface Counted {
  readonly rows: number;
  readonly last: Seq | null;
  readonly bytes: number;
  readonly today: number;
}

export const UNCOUNTED: AcceptResult = { accepted: false, because: "uncounted" };

export function exceeding(exceeded: QuotaExceeded): AcceptResult {
  return { accepted: false, because: "quota", exceeded };
}

/**
 * Counts the stored messages of applications in steps. Calls for an application whose messages are
 * being counted wait for the same count, which is false if the application was deleted.
 */
export function countInSteps(
  step: (applicationSeq: Seq, now: number) => Promise<"more" | "counted" | "gone">,
): (applicationSeq: Seq, now: number) => Promise<boolean> {
  const counting = new Map<Seq, Promise<boolean>>();
  const countAll = async (applicationSeq: Seq, now: number): Promise<boolean> => {
    for (;;) {
      const state = await step(applicationSeq, now);
      if (state !== "more") return state === "counted";
    }
  };
  return (applicationSeq, now) => {
    const known = counting.get(applicationSeq);
    if (known !== undefined) return known;
    const all = countAll(applicationSeq, now).finally(() => counting.delete(applicationSeq));
    counting.set(applicationSeq, all);
    return all;
  };
}
