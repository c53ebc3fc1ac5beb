import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";

/**
 * The frame of every page: the header, and a link that skips the header. When `current` (the page
 * that is shown) changes, the focus moves to the content, so that screen readers and keyboard users
 * start there.
 */
export function Shell({
  header,
  current,
  children,
}: {
  header: ComponentChildren;
  current: object;
  children: ComponentChildren;
}) {
  const main = useFocusOnNewPage(current);
  return (
    <>
      <button type="button" class="skip-link" onClick={() => main.current?.focus()}>
        Skip to content
      </button>
      {header}
      <main id="main" class="container" tabIndex={-1} ref={main}>
        {children}
      </main>
    </>
  );
}

function useFocusOnNewPage(current: object) {
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
