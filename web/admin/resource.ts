import { signal } from "@preact/signals";
import { useLayoutEffect, useMemo } from "preact/hooks";
import { type Resource, useReading } from "../kit/reading.ts";
import { concerns, type Topic } from "./changes.ts";
import { latestChange } from "./live.ts";

/** Time between two reloads while changes are too frequent to be listed one by one. */
export const SAMPLE_MS = 3_000;

/**
 * Loads data, and reloads it when a live event says that one of `topics` has changed: lists such as
 * `"endpoints"`, or ids of records such as that of a message whose deliveries are shown. Without
 * topics it reloads after each event.
 */
export function useResource<T>(
  key: string,
  read: (signal: AbortSignal) => Promise<T>,
  topics?: readonly Topic[],
): Resource<T> {
  const again = useMemo(() => signal(0), []);
  // Begins with the first reading, so that no change between the two is missed.
  useLayoutEffect(() => follow(topics ?? null, () => again.value++), [topics?.join(" ")]);
  return useReading(key, read, again);
}

/** Calls `onChange` for changes that concern the topics until the returned function is called. */
function follow(topics: readonly Topic[] | null, onChange: () => void): () => void {
  let timer: ReturnType<typeof setTimeout> | null = null;
  const now = () => {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    onChange();
  };
  let isFirst = true;
  const unsubscribe = latestChange.subscribe(({ changed }) => {
    // What changed before is in the first reading.
    if (isFirst) {
      isFirst = false;
      return;
    }
    const verdict = topics === null ? "yes" : concerns(changed, topics);
    if (verdict === "yes") now();
    else if (verdict === "maybe") timer ??= setTimeout(now, SAMPLE_MS);
  });
  return () => {
    unsubscribe();
    if (timer !== null) clearTimeout(timer);
  };
}
