import { formatCount } from "../format.ts";
import style from "./new-items.module.css";

interface NewItemsProps {
  readonly count: number;
  /** What is counted: the singular and the plural. */
  readonly words: readonly [string, string];
  readonly onShow: () => void;
}

/**
 * Announces items that a live list has not inserted yet, so that rows never move under the pointer.
 * The space is kept free while there are none.
 */
export function NewItems({ count, words, onShow }: NewItemsProps) {
  return (
    <div class={style.place} role="status">
      {count > 0 && (
        <button type="button" class={`outline small ${style.button}`} onClick={onShow}>
          {formatCount(count)} new {count === 1 ? words[0] : words[1]}
        </button>
      )}
    </div>
  );
}
