import { signal } from "@preact/signals";

const TICK_MS = 1_000;

/** The browser's time in ms since the epoch, updated every second. */
export const now = signal(Date.now());

setInterval(() => {
  now.value = Date.now();
}, TICK_MS);
