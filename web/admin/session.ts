import { signal } from "@preact/signals";

/**
 * The session of the admin page. Its token is in `sessionStorage`, so that closing the tab logs out
 * and no other tab or site can read the token.
 */

const STORAGE_KEY = "boathook.token";

/** The token in use; null if the login page is shown. */
export const token = signal<string | null>(sessionStorage.getItem(STORAGE_KEY));

/**
 * The reason why the session ended, shown on the login page. Null on the first visit and after the
 * user has logged out.
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
