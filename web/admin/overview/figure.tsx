import type { ComponentChildren } from "preact";
import style from "./figure.module.css";

interface FigureProps {
  readonly label: string;
  /** Says exactly what is counted. */
  readonly about: ComponentChildren;
  readonly value: string;
  /** The list that the number counts. */
  readonly href?: string;
  readonly isAlarming?: boolean;
}

/** A number with its label, which is a link to the list that it counts. */
export function Figure({ label, about, value, href, isAlarming = false }: FigureProps) {
  return (
    <div class={style.figure} data-alarm={isAlarming ? "" : undefined}>
      <dt>{label}</dt>
      <dd class={style.value}>
        {href === undefined ? (
          value
        ) : (
          <a href={href} aria-label={`${label}: ${value}`}>
            {value}
          </a>
        )}
      </dd>
      <dd class={style.about}>{about}</dd>
    </div>
  );
}

export function Figures({ label, children }: { label: string; children: ComponentChildren }) {
  return (
    <dl class={style.figures} aria-label={label}>
      {children}
    </dl>
  );
}
