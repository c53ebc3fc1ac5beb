import type { ComponentChildren } from "preact";

/** Shows a table. If it does not fit, it scrolls horizontally, and can be scrolled by keyboard. */
export function Table({ label, children }: { label: string; children: ComponentChildren }) {
  return (
    // biome-ignore lint/a11y: scrollable areas must be reachable by keyboard, and a group is not a landmark
    <div class="table-scroll" role="group" aria-label={label} tabIndex={0}>
      <table>{children}</table>
    </div>
  );
}
