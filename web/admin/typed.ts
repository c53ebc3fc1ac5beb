import { useEffect, useState } from "preact/hooks";
import type { Resource } from "../kit/reading.ts";

const TYPING_PAUSE_MS = 350;
const NOTHING = { value: null, error: null } as const;

/**
 * Reads data that depends on what the user types, after a pause in typing. Null as `key` reads
 * nothing. A new key discards the previous value, unless `keeps` is set.
 */
export function useTyped<T>(
  key: string | null,
  read: (signal: AbortSignal) => Promise<T>,
  { keeps = false } = {},
): Resource<T> {
  const [state, setState] = useState<Resource<T>>(NOTHING);
  useEffect(() => {
    if (!keeps || key === null) setState(NOTHING);
    if (key === null) return;
    const stop = new AbortController();
    const timer = setTimeout(async () => {
      try {
        const value = await read(stop.signal);
        if (!stop.signal.aborted) setState({ value, error: null });
      } catch (error) {
        if (!stop.signal.aborted) setState({ value: null, error: error as Error });
      }
    }, TYPING_PAUSE_MS);
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }, [key]);
  return state;
}
