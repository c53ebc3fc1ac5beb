import { type Resource, useReading } from "../kit/reading.ts";
import { changes } from "./live.ts";

/** Loads data, and reloads it after each live event. */
export function useResource<T>(key: string, read: (signal: AbortSignal) => Promise<T>): Resource<T> {
  return useReading(key, read, changes);
}
