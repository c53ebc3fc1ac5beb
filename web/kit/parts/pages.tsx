import { useState } from "preact/hooks";
import type { ListOf } from "../../../src/api/types.ts";

/** The position in a paginated list. */
export interface Place {
  /** The iterator of the current page; null for the first page. */
  readonly iterator: string | null;
  /** The number of the current page, starting at 1. */
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

/** Buttons for the previous and next pages. Shows nothing if there is only one page. */
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
