import { useEffect, useRef, useState } from "preact/hooks";
import { Problem } from "../../kit/parts/notice.tsx";
import { counted } from "../../kit/words.ts";
import type { Item } from "./item.ts";
import { rememberItem } from "./recent.ts";
import style from "./search-box.module.css";
import { type Found, useFound } from "./searching.ts";
import { isSearchOpen, SHORTCUT } from "./shortcut.ts";

/** The button in the bar, and the search box while it is open. */
export function Search() {
  return (
    <>
      <button
        type="button"
        class={style.button}
        aria-label="Search"
        aria-keyshortcuts="Control+K Meta+K /"
        aria-haspopup="dialog"
        data-shortcut={SHORTCUT}
        onClick={() => {
          isSearchOpen.value = true;
        }}
      >
        <Glass />
        <span class={style.word}>Search</span>
      </button>
      {isSearchOpen.value && <SearchBox />}
    </>
  );
}

function Glass() {
  return (
    <svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
      <path d="M7 2a5 5 0 1 0 0 10A5 5 0 0 0 7 2zM10.6 10.6 14 14" />
    </svg>
  );
}

const LIST_ID = "search-found";

/** One search over pages and records. The focus stays in the input; the arrow keys move in the list. */
function SearchBox() {
  const dialog = useRef<HTMLDialogElement>(null);
  const [typed, setTyped] = useState("");
  const text = typed.trim();
  const found = useFound(text);
  const close = () => {
    dialog.current?.close();
    isSearchOpen.value = false;
  };
  const choosing = useChoosing(found, text, close);
  useEffect(() => dialog.current?.showModal(), []);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Escape closes a modal dialog without a handler
    <dialog
      ref={dialog}
      class={style.dialog}
      aria-label="Search"
      // A box that is gone may be told of its end after the next one was opened.
      onClose={(event) => {
        if (event.currentTarget.isConnected) isSearchOpen.value = false;
      }}
      onClick={(event) => event.target === dialog.current && close()}
    >
      <input
        type="text"
        class={style.input}
        role="combobox"
        aria-label="Search for an ID, a URL, a name or a page"
        aria-autocomplete="list"
        aria-expanded={found.items.length > 0}
        aria-controls={LIST_ID}
        aria-activedescendant={found.items.length > 0 ? optionId(choosing.active) : undefined}
        placeholder="ID, event ID, URL, name or page"
        autocomplete="off"
        spellcheck={false}
        value={typed}
        onInput={(event) => setTyped(event.currentTarget.value)}
        onKeyDown={choosing.onKeyDown}
      />
      <Results found={found} choosing={choosing} isSearching={found.text !== text} />
      <p class={style.keys}>
        <kbd>↑</kbd> <kbd>↓</kbd> choose · <kbd>Enter</kbd> open · <kbd>Ctrl</kbd> <kbd>Enter</kbd> open in a tab ·{" "}
        <kbd>Esc</kbd> close
      </p>
    </dialog>
  );
}

interface ResultsProps {
  readonly found: Found;
  readonly choosing: Choosing;
  readonly isSearching: boolean;
}

function Results({ found: { text, items, problem }, choosing, isSearching }: ResultsProps) {
  const status = isSearching ? "Searching…" : items.length === 0 ? `Nothing matches “${text}”.` : null;
  return (
    <div class={style.results}>
      {problem !== null && <Problem>{problem}</Problem>}
      <div id={LIST_ID} role="listbox" aria-label="Found">
        {items.map((item, at) => (
          <a
            key={item.href + item.detail}
            id={optionId(at)}
            href={item.href}
            class={style.option}
            role="option"
            tabIndex={-1}
            aria-selected={at === choosing.active}
            // The input keeps the focus.
            onMouseDown={(event) => event.preventDefault()}
            onClick={(event) => choosing.onClick(item, event)}
          >
            <span class={style.title}>
              {item.title}
              {item.detail !== "" && <span class={style.detail}>{item.detail}</span>}
            </span>
            <span class={style.kind}>{item.kind}</span>
          </a>
        ))}
      </div>
      <p class={status === null ? "visually-hidden" : style.status} role="status">
        {status ?? counted(items.length, "result")}
      </p>
    </div>
  );
}

function optionId(at: number): string {
  return `${LIST_ID}-${at}`;
}

interface Choosing {
  readonly active: number;
  onKeyDown(event: KeyboardEvent): void;
  onClick(item: Item, event: MouseEvent): void;
}

/** The chosen line, and what Enter and clicks do. Enter waits until the lines for the text are there. */
function useChoosing(found: Found, text: string, close: () => void): Choosing {
  const { items } = found;
  // A choice belongs to the items that the user saw; with others, the first is chosen again.
  const [chosen, setChosen] = useState({ items, at: 0 });
  const active = chosen.items === items ? chosen.at : 0;
  const [waiting, setWaiting] = useState<{ readonly text: string; readonly inTab: boolean } | null>(null);
  useEffect(() => document.getElementById(optionId(active))?.scrollIntoView({ block: "nearest" }), [active, items]);

  const open = (item: Item | undefined, inTab: boolean) => {
    if (item === undefined) return;
    rememberItem(item);
    if (inTab) window.open(item.href, "_blank");
    else location.hash = item.href;
    close();
  };
  useEffect(() => {
    if (waiting === null || found.text !== text) return;
    setWaiting(null);
    if (waiting.text === text) open(items[0], waiting.inTab);
  }, [waiting, found, text]);

  return {
    active,
    onKeyDown(event) {
      const { key, ctrlKey, metaKey } = event;
      if (key === "ArrowDown" || key === "ArrowUp") {
        event.preventDefault();
        const step = key === "ArrowDown" ? 1 : -1;
        if (items.length > 0) setChosen({ items, at: (active + step + items.length) % items.length });
      } else if (key === "Escape") {
        // The browser would tell of the end of the dialog only later, after another Ctrl-K perhaps.
        event.preventDefault();
        close();
      } else if (key === "Enter" && !event.isComposing) {
        event.preventDefault();
        const inTab = ctrlKey || metaKey;
        // The input may already contain more than what has been rendered.
        const entered = (event.currentTarget as HTMLInputElement).value.trim();
        if (found.text === entered) open(items[active], inTab);
        else setWaiting({ text: entered, inTab });
      }
    },
    onClick(item, { ctrlKey, metaKey, shiftKey }) {
      rememberItem(item);
      // The browser opens a tab or a window.
      if (!ctrlKey && !metaKey && !shiftKey) close();
    },
  };
}
