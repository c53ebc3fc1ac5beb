import { effect, signal } from "@preact/signals";
import type { Overview } from "../../src/api/types.ts";
import { now } from "../kit/clock.ts";
import { withSample } from "../kit/series.ts";
import { overview } from "./live.ts";

/** Samples of the overview numbers over the last minute, one per second, for the sparklines. */

export type Measure = "accepted" | "delivered" | "failing" | "pending" | "dead";
export type Sample = Readonly<Record<Measure, number>>;

export const samples = signal<readonly Sample[]>([]);

/** Takes a sample at each tick of the clock until the returned function is called. */
export function startHistory(): () => void {
  const stop = effect(() => {
    void now.value;
    const current = overview.peek();
    if (current !== null) samples.value = withSample(samples.peek(), sampleOf(current));
  });
  return () => {
    stop();
    samples.value = [];
  };
}

function sampleOf({ accepted, delivered, failing, pending, dead }: Overview): Sample {
  return { accepted, delivered, failing, pending, dead };
}
