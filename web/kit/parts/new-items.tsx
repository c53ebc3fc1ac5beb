import { formatCount } from "../format.ts";
import style from "./new-items.module.css";

interface NewItemsProps {
  readonly count: number;
  /** Number of shown items that are no longer in the list. */
  readonly gone?: number;
  /** What is counted: the singular and the plural. */
  readonly words: readonly [string, string];
  readonly onShow: () => void;
}

/**
 * Announces items that a live list has not inserted yet, so that rows never move under the pointer.
 * The space is kept free while there are none.
 */
export function NewItems({ count, gone = 0, words, onShow }: NewItemsProps) {
  const parts = [
    count > 0 ? `${formatCount(count)} new ${count === 1 ? words[0] : words[1]}` : null,
    gone > 0 ? `${formatCount(gone)} no longer here` : null,
  ].filter((part) => part !== null);
  return (
    <div class={style.place} role="status">
      {parts.length > 0 && (
        <button type="button" class={`outline small ${style.button}`} onClick={onShow}>
          {parts.join(", ")}
        </button>
      )}
    </div>
  );
}
