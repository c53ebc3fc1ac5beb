import { signal } from "@preact/signals";
import { useMemo } from "preact/hooks";
import { type Resource, useReading } from "../kit/reading.ts";

/**
 * Loads data once, and again when the returned function is called. For data that messages do not
 * change, and for forms, which must keep what the user has typed.
 */
export function useLoaded<T>(key: string, read: (signal: AbortSignal) => Promise<T>): [Resource<T>, () => void] {
  const loads = useMemo(() => signal(0), []);
  const reload = () => {
    loads.value += 1;
  };
  return [useReading(key, read, loads), reload];
}
