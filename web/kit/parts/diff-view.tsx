import { useMemo } from "preact/hooks";
import { diffLines, withContext } from "../diff.ts";
import { counted } from "../words.ts";
import style from "./diff-view.module.css";

/** Equal lines that are shown around a change. */
const CONTEXT = 3;
/** Maximum number of lines to show. Each line is an element. */
const LINES_MAX = 1_000;

/** Shows what has changed between two texts, line by line. */
export function DiffView({ label, before, after }: { label: string; before: string; after: string }) {
  const parts = useMemo(() => withContext(diffLines(before, after), CONTEXT), [before, after]);
  return (
    <figure class={style.figure} aria-label={label}>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: scrollable areas must be reachable by keyboard */}
      <pre class={style.diff} tabIndex={0}>
        {parts.slice(0, LINES_MAX).map((part, at) => {
          if (part.kind === "skipped")
            return <span key={at} class={style.skipped}>{`… ${counted(part.count, "equal line")}`}</span>;
          if (part.kind === "removed") return <del key={at}>{`- ${part.text}\n`}</del>;
          if (part.kind === "added") return <ins key={at}>{`+ ${part.text}\n`}</ins>;
          return <span key={at}>{`  ${part.text}\n`}</span>;
        })}
      </pre>
      {parts.length > LINES_MAX && <p class="muted small">The first {LINES_MAX} lines are shown.</p>}
    </figure>
  );
}
