import { useState } from "preact/hooks";
import type { ListOf } from "../../../src/api/types.ts";
import { keepPlace, keptPlace } from "../history-entry.ts";
import style from "./pages.module.css";

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

/**
 * Keeps a position in a list. With a name, the position belongs to the entry in the browser's
 * history, so that going back to the page finds it again.
 */
export function usePlace(name?: string): Place {
  const [path, setPath] = useState<readonly string[]>(() => (name === undefined ? [] : keptPlace(name)));
  const go = (next: readonly string[]) => {
    setPath(next);
    if (name !== undefined) keepPlace(name, next);
  };
  return {
    iterator: path.at(-1) ?? null,
    number: path.length + 1,
    next: (iterator) => go([...path, iterator]),
    previous: () => go(path.slice(0, -1)),
    first: () => go([]),
  };
}

/** Buttons for the previous and next pages. Shows nothing if there is only one page. */
export function PageButtons({ of, place, label }: { of: ListOf<unknown>; place: Place; label: string }) {
  const { iterator, done } = of;
  if (place.number === 1 && done) return null;
  return (
    <nav class={style.pages} aria-label={label}>
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
