import { signal } from "@preact/signals";

/**
 * The session of the admin page: a token in `sessionStorage`. Closing the tab logs out, and other
 * tabs and sites cannot read it.
 */

const STORAGE_KEY = "boathook.token";

/** The token in use; null shows the login page. */
export const token = signal<string | null>(sessionStorage.getItem(STORAGE_KEY));

/**
 * Why the session ended, to show on the login page; null on the first visit and after the user has
 * logged out.
 */
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
