import { overview } from "../live.ts";
import type { Item } from "./item.ts";

/** What was opened from the search box lately, in this tab and until the user logs out. */

const STORAGE_KEY = "boathook.recent";
const RECENT_MAX = 8;

interface Stored {
  /** Items of another environment do not exist in this one. */
  readonly environment: string;
  readonly items: readonly Item[];
}

export function recentItems(): readonly Item[] {
  try {
    const stored = JSON.parse(sessionStorage.getItem(STORAGE_KEY) ?? "null") as Stored | null;
    return stored?.environment === environment() ? stored.items : [];
  } catch {
    return [];
  }
}

export function rememberItem(item: Item): void {
  const items = [item, ...recentItems().filter(({ href }) => href !== item.href)].slice(0, RECENT_MAX);
  try {
    sessionStorage.setItem(STORAGE_KEY, JSON.stringify({ environment: environment(), items } satisfies Stored));
  } catch {
    // The browser forbids storage, or it is full.
  }
}

export function forgetRecent(): void {
  try {
    sessionStorage.removeItem(STORAGE_KEY);
  } catch {
    // Without storage nothing was remembered.
  }
}

function environment(): string {
  return overview.peek()?.environment ?? "";
}
