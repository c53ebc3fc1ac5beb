import type { ComponentChildren } from "preact";
import { useFocusOnNewPage } from "../focus.ts";

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
