import { signal } from "@preact/signals";

/**
 * Who is logged in: the token, kept for as long as the browser's tab lives (`sessionStorage`), so that closing it
 * logs out and no other tab or site sees it.
 */

const STORAGE_KEY = "boathook.token";

/** The token in use; null shows the log-in page. */
export const token = signal<string | null>(sessionStorage.getItem(STORAGE_KEY));

/** Why the log-in page is shown although there was a token; null when it is the first visit or a wished log-out. */
export const endedBecause = signal<string | null>(null);

export function logIn(newToken: string): void {
  sessionStorage.setItem(STORAGE_KEY, newToken);
  endedBecause.value = null;
  token.value = newToken;
}

export function logOut(because: string | null = null): void {
  sessionStorage.removeItem(STORAGE_KEY);
  endedBecause.value = because;
  token.value = null;
}
