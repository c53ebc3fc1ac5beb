import { computed, signal } from "@preact/signals";

const TICK_MS = 1_000;

/** The browser's time in ms since the epoch, updated every second. */
export const now = signal(Date.now());

setInterval(() => {
  now.value = Date.now();
}, TICK_MS);

/** An instant of the present day in the browser's time zone, so that it changes once a day. */
export const today = computed(() => new Date(now.value).setHours(0, 0, 0, 0));
