import { signal } from "@preact/signals";
import { type Resource, useReading } from "../kit/reading.ts";

/**
 * Interval at which the page polls while it is visible. Applications have no access to the server's
 * live events.
 */
const INTERVAL_MS = 5_000;

const refreshed = signal(0);

/** Reloads all data that the page shows. */
export function refresh(): void {
  refreshed.value += 1;
}

setInterval(() => {
  if (document.visibilityState === "visible") refresh();
}, INTERVAL_MS);
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible") refresh();
});

/** Loads data and keeps it up to date. Changing `key` discards the previous value. */
export function useLive<T>(key: string, read: (signal: AbortSignal) => Promise<T>): Resource<T> {
  return useReading(key, read, refreshed);
}
