import { useState } from "preact/hooks";
import type { ListOf } from "../../../src/api/types.ts";

/** Where in a list the reader is. */
export interface Place {
  /** Of the page that is shown; null: the first. */
  readonly iterator: string | null;
  /** From 1. */
  readonly number: number;
  next(iterator: string): void;
  previous(): void;
  first(): void;
}

export function usePlace(): Place {
  const [path, setPath] = useState<readonly string[]>([]);
  return {
    iterator: path.at(-1) ?? null,
    number: path.length + 1,
    next: (iterator) => setPath([...path, iterator]),
    previous: () => setPath(path.slice(0, -1)),
    first: () => setPath([]),
  };
}

/** The ways to the pages before and after; nothing when there is only one. */
export function PageButtons({ of, place, label }: { of: ListOf<unknown>; place: Place; label: string }) {
  const { iterator, done } = of;
  if (place.number === 1 && done) return null;
  return (
    <nav class="pages" aria-label={label}>
      <button type="button" class="outline small" disabled={place.number === 1} onClick={place.previous}>
        Previous
      </button>
      <span class="muted small" aria-live="polite">
        Page {place.number}
      </span>
      <button
        type="button"
        class="outline small"
        disabled={done || iterator === null}
        onClick={() => iterator !== null && place.next(iterator)}
      >
        Next
      </button>
    </nav>
  );
}
