import { signal } from "@preact/signals";
import { type Resource, useReading } from "../reading.ts";

/** The page asks again every few seconds while somebody looks at it: the live line of the server is not for applications. */
const EVERY_MS = 5_000;

const refreshed = signal(0);
const never = signal(0);

/** Whatever is shown is read again. */
export function refresh(): void {
  refreshed.value += 1;
}

setInterval(() => {
  if (document.visibilityState === "visible") refresh();
}, EVERY_MS);
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible") refresh();
});

/** Reads something, and again as long as it is shown. With another `key` it starts anew. */
export function useLive<T>(key: string, read: (signal: AbortSignal) => Promise<T>): Resource<T> {
  return useReading(key, read, refreshed);
}

/** Reads something that seldom changes, once. */
export function useOnce<T>(key: string, read: (signal: AbortSignal) => Promise<T>): Resource<T> {
  return useReading(key, read, never);
}
