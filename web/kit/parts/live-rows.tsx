import type { ComponentChildren } from "preact";
import { formatCount } from "../format.ts";
import { type HeldRows, type RowPage, useHeldRows } from "../held-rows.ts";
import style from "./live-rows.module.css";
import { NewItems } from "./new-items.tsx";

interface LiveRowsProps<Row, Page extends RowPage<Row>> {
  /** The latest version of the page of the list. */
  readonly latest: Page;
  readonly keyOf: (row: Row) => string;
  /** What the rows are: the singular and the plural. */
  readonly words: readonly [string, string];
  /** Whether new rows belong on this page of the list: true for the first one. */
  readonly isFirst?: boolean;
  /** Gets the page whose rows are shown. */
  readonly children: (page: Page) => ComponentChildren;
}

/**
 * The rows of a list that changes while it is shown. They never move under the pointer or the focus:
 * new ones are announced and inserted when the user wants them.
 */
export function LiveRows<Row, Page extends RowPage<Row>>(props: LiveRowsProps<Row, Page>) {
  const { latest, keyOf, words, isFirst = true, children } = props;
  const held = useHeldRows<Row, Page>({ latest, keyOf, isFlowing: isFirst });
  return (
    <>
      <div class={style.bar}>
        <button
          type="button"
          class="outline small"
          aria-pressed={held.isPaused}
          onClick={() => held.pause(!held.isPaused)}
        >
          {held.isPaused ? "Resume" : "Pause"}
        </button>
        {isFirst && (
          <div class={style.fresh} {...held.button}>
            <NewItems count={held.fresh} gone={held.gone} words={words} onShow={held.show} />
          </div>
        )}
        <span class="muted small">{stateWords(held, isFirst)}</span>
      </div>
      <div class={style.area} {...held.area}>
        {children(held.shown ?? latest)}
      </div>
    </>
  );
}

function stateWords(
  { heldBy, fresh }: Pick<HeldRows<unknown, RowPage<unknown>>, "heldBy" | "fresh">,
  isFirst: boolean,
) {
  if (heldBy === "pause") return "Paused";
  if (!isFirst) return "New rows appear on the first page";
  if (heldBy === "user") return "Held while you are in the list";
  if (heldBy === "speed") return `Held: ${formatCount(fresh)} or more new at a time`;
  return "Live";
}
