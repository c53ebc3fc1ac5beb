import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";

/**
 * What every page stands in: its header, and a way past it. `current` is the place that is shown; when it becomes another one the focus
 * moves to the content, so that screen readers and the keyboard start there.
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
        Skip to the content
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
