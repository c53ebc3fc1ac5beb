import type { RefObject } from "preact";
import { useEffect, useRef } from "preact/hooks";

/**
 * Returns the reference for the main element. When `current` (what names the page) changes, the focus
 * moves to that element and the page scrolls to its top.
 */
export function useFocusOnNewPage(current: unknown): RefObject<HTMLElement | null> {
  const main = useRef<HTMLElement>(null);
  const shown = useRef(current);
  useEffect(() => {
    if (shown.current === current) return;
    shown.current = current;
    main.current?.focus({ preventScroll: true });
    scrollTo(0, 0);
  }, [current]);
  return main;
}
