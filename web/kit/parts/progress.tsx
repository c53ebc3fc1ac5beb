import { formatCount } from "../format.ts";
import style from "./progress.module.css";

interface ProgressProps {
  readonly label: string;
  readonly done: number;
  /** Null if the number of steps is not known. */
  readonly total: number | null;
}

/** Shows how far long work has come. */
export function Progress({ label, done, total }: ProgressProps) {
  const isKnown = total !== null && total > 0;
  return (
    <div class={style.progress}>
      <progress aria-label={label} {...(isKnown && { value: Math.min(done, total), max: total })} />
      <span class="muted small">
        {formatCount(done)}
        {isKnown && ` of ${formatCount(total)}`}
      </span>
    </div>
  );
}
