import { changes } from "./live.ts";
import { type Resource, useReading } from "./reading.ts";

/** Loads data, and reloads it after each live event. */
export function useResource<T>(key: string, read: (signal: AbortSignal) => Promise<T>): Resource<T> {
  return useReading(key, read, changes);
}
