import type { RefObject } from "preact";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { followScroll, keptScroll, restoreScroll } from "./history-entry.ts";

/**
 * Returns the reference for the main element. When `current` (what names the page) changes, the focus
 * moves to that element, and the page scrolls to its top or, after going back, to where it was left.
 */
export function useFocusOnNewPage(current: unknown): RefObject<HTMLElement | null> {
  const main = useRef<HTMLElement>(null);
  const shown = useRef(current);
  useEffect(followScroll, []);
  useEffect(() => {
    const y = keptScroll();
    if (shown.current !== current) {
      shown.current = current;
      main.current?.focus({ preventScroll: true });
      scrollTo(0, 0);
    }
    return y > 0 && main.current !== null ? restoreScroll(main.current, y) : undefined;
  }, [current]);
  return main;
}

/**
 * Returns the reference for an element that is shown for a while, such as a question. If the element
 * has the focus when it disappears, the focus returns to where it was before.
 */
export function useFocusReturn<Element extends HTMLElement>(): RefObject<Element | null> {
  const element = useRef<Element>(null);
  const before = useRef(document.activeElement);
  useLayoutEffect(() => {
    const shown = element.current;
    return () => {
      const { current: opener } = before;
      const isHere = shown?.contains(document.activeElement) || document.activeElement === document.body;
      if (isHere && opener instanceof HTMLElement && opener !== document.body) opener.focus();
    };
  }, []);
  return element;
}

/**
 * Returns the reference for a form whose first field with a problem gets the focus. `problems` names
 * the fields with problems, and is empty if there are none. The focus moves before the browser shows
 * the problems, so that it never moves while a user already types somewhere else.
 */
export function useFocusOnProblem(problems: string): RefObject<HTMLFormElement | null> {
  const form = useRef<HTMLFormElement>(null);
  useLayoutEffect(() => {
    if (problems !== "") form.current?.querySelector<HTMLElement>("[aria-invalid=true]")?.focus();
  }, [problems]);
  return form;
}
