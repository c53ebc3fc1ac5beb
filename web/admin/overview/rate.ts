import { effect, signal } from "@preact/signals";
import { now } from "../../kit/clock.ts";
import { overview } from "../live.ts";

/** Number of seconds over which the rate is averaged: short enough to react, long enough not to flicker. */
const WINDOW_SECONDS = 5;

/** Messages accepted per second, averaged over the last few seconds. */
export const acceptedPerSecond = signal(0);

/** Measures the rate at each tick of the clock until the returned function is called. */
export function startRate(): () => void {
  let totals: readonly number[] = [];
  const stop = effect(() => {
    void now.value;
    const accepted = overview.peek()?.accepted;
    if (accepted === undefined) return;
    totals = [...totals.slice(-WINDOW_SECONDS), accepted];
    // After a restart of the server the total starts at zero again.
    acceptedPerSecond.value = Math.max(0, accepted - totals[0]!) / Math.max(1, totals.length - 1);
  });
  return () => {
    stop();
    acceptedPerSecond.value = 0;
  };
}
