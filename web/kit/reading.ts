import { type ReadonlySignal, signal } from "@preact/signals";
import { useLayoutEffect, useState } from "preact/hooks";

/** Data from the API: the latest value and the latest error. */
export interface Resource<T> {
  readonly value: T | null;
  readonly error: Error | null;
}

const EMPTY = { value: null, error: null } as const;

/**
 * Loads data, one request at a time, and reloads it when `again` changes. A reload keeps the
 * previous value; a change of `key` discards it.
 */
export function useReading<T>(
  key: string,
  read: (signal: AbortSignal) => Promise<T>,
  again: ReadonlySignal<unknown>,
): Resource<T> {
  const [state, setState] = useState<Resource<T> & { readonly key: string }>({ key, ...EMPTY });

  // The request is sent before the placeholder is painted.
  useLayoutEffect(() => {
    const stop = new AbortController();
    let reading = false;
    let behind = false;

    const load = async () => {
      behind = reading;
      if (reading) return;
      reading = true;
      try {
        const value = await read(stop.signal);
        if (!stop.signal.aborted) setState({ key, value, error: null });
      } catch (error) {
        if (!stop.signal.aborted)
          setState((was) => ({ ...(was.key === key ? was : EMPTY), key, error: error as Error }));
      }
      reading = false;
      if (behind && !stop.signal.aborted) void load();
    };

    const unsubscribe = again.subscribe(() => void load());
    return () => {
      unsubscribe();
      stop.abort();
    };
  }, [key]);

  return state.key === key ? state : EMPTY;
}

const never = signal(0);

/** Loads data that does not change. */
export function useOnce<T>(key: string, read: (signal: AbortSignal) => Promise<T>): Resource<T> {
  return useReading(key, read, never);
}
