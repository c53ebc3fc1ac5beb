import { signal } from "@preact/signals";
import { forgetRecent } from "./recent.ts";

/** Whether the search box is shown. */
export const isSearchOpen = signal(false);

export const SHORTCUT = /Mac|iPhone|iPad/.test(navigator.platform) ? "⌘K" : "Ctrl K";

/**
 * Opens the search box with ⌘K, Ctrl-K and `/` until the returned function is called, which also
 * forgets what was searched.
 */
export function startSearch(): () => void {
  const onKeyDown = (event: KeyboardEvent) => {
    if (!isShortcut(event)) return;
    event.preventDefault();
    isSearchOpen.value = true;
  };
  addEventListener("keydown", onKeyDown);
  return () => {
    removeEventListener("keydown", onKeyDown);
    isSearchOpen.value = false;
    forgetRecent();
  };
}

function isShortcut({ key, metaKey, ctrlKey, altKey, target }: KeyboardEvent): boolean {
  if (altKey) return false;
  if (metaKey || ctrlKey) return key.toLowerCase() === "k";
  return key === "/" && !isTyping(target);
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || target.matches("input, textarea, select"));
}
