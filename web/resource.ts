import { changes } from "./live.ts";
import { type Resource, useReading } from "./reading.ts";

/** Reads something and reads it again with every live change. */
export function useResource<T>(key: string, read: (signal: AbortSignal) => Promise<T>): Resource<T> {
  return useReading(key, read, changes);
}
