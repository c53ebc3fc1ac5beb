import { signal } from "@preact/signals";
import { type Resource, useReading } from "../reading.ts";

/**
 * The page polls while it is visible, because applications have no access to the live events of the
 * server.
 */
const INTERVAL_MS = 5_000;

const refreshed = signal(0);
const never = signal(0);

/** Reloads everything that is shown. */
export function refresh(): void {
  refreshed.value += 1;
}

setInterval(() => {
  if (document.visibilityState === "visible") refresh();
}, INTERVAL_MS);
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible") refresh();
});

/** Loads data and keeps it up to date. A different `key` discards the previous value. */
export function useLive<T>(key: string, read: (signal: AbortSignal) => Promise<T>): Resource<T> {
  return useReading(key, read, refreshed);
}

/** Loads data that rarely changes, once. */
export function useOnce<T>(key: string, read: (signal: AbortSignal) => Promise<T>): Resource<T> {
  return useReading(key, read, never);
}
