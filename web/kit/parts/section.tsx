import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";
import type { Resource } from "../reading.ts";
import { Problem } from "./notice.tsx";

interface SectionProps {
  readonly title: string;
  /** Content next to the title. */
  readonly aside?: ComponentChildren;
  readonly children: ComponentChildren;
}

export function Section({ title, aside, children }: SectionProps) {
  const id = useId();
  return (
    <section aria-labelledby={id}>
      <div class="section-head">
        <h2 id={id}>{title}</h2>
        {aside}
      </div>
      {children}
    </section>
  );
}

/** A section in a card, with a description. */
export function CardSection({
  title,
  about,
  children,
}: {
  title: string;
  about?: string;
  children: ComponentChildren;
}) {
  const id = useId();
  return (
    <section class="card" aria-labelledby={id}>
      <h2 id={id}>{title}</h2>
      {about !== undefined && <p class="muted about">{about}</p>}
      {children}
    </section>
  );
}

interface ReadProps<T> {
  readonly of: Resource<T>;
  /**
   * Number of placeholder lines to show while loading, so that the layout does not shift
   * afterwards.
   */
  readonly lines?: number;
  readonly children: (value: T) => ComponentChildren;
}

/** Shows the data, a placeholder while it is loading, or the error. */
export function Read<T>({ of: { value, error }, lines = 3, children }: ReadProps<T>) {
  return (
    <>
      {error !== null && <Problem>{error.message}</Problem>}
      {value === null && error === null && <Skeleton lines={lines} />}
      {value !== null && children(value)}
    </>
  );
}

function Skeleton({ lines }: { lines: number }) {
  return (
    <div class="skeleton" aria-busy="true">
      <span class="visually-hidden">Loading</span>
      {Array.from({ length: lines }, (_, line) => (
        <div key={line} class="skeleton-line" />
      ))}
    </div>
  );
}
