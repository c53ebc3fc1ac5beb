import type { ComponentChildren } from "preact";

/** Shows an error. Screen readers announce it at once. */
export function Problem({ children }: { children: ComponentChildren }) {
  return (
    <p class="problem" role="alert">
      {children}
    </p>
  );
}

/** Shown instead of an empty table. */
export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <h2>{title}</h2>
      {children}
    </div>
  );
}

export function Loading() {
  return (
    <p class="muted" aria-busy="true">
      Loading
    </p>
  );
}
