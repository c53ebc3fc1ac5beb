/**
 * A session that survives a reload. Its token is saved in the state of the window's history
 * entries.
 *
 * `sessionStorage` is not used for the token, because any site may frame this page. Some browsers
 * do not partition storage by the framing site. In these, the page would open with the token of a
 * link that was followed earlier in the same tab, and the user could be tricked into clicks. Each
 * frame has its own history entries, so a framing site must already have the token.
 *
 * Only the current entry can be cleared. When a session ends, its id is therefore recorded in
 * `sessionStorage`, which lives as long as the entries do, and other entries with that id are
 * ignored. The id is not a secret.
 */
export interface SavedSession {
  /** Differs each time a link is followed, even if the token is the same. */
  readonly id: string;
  readonly token: string;
}

const STATE_KEY = "boathookPortalSession";
const ENDED_PREFIX = "boathookPortalEnded:";

const ID_BYTES = 16;

/** Returns a random id. `randomUUID` exists only on pages that are served over HTTPS. */
export function newId(): string {
  return crypto.getRandomValues(new Uint8Array(ID_BYTES)).join("-");
}

/**
 * Saves a session in the current history entry, or clears the entry if `session` is null. Also sets
 * the fragment of the URL.
 */
export function saveSession(session: SavedSession | null, hash: string): void {
  const state = session === null ? null : { [STATE_KEY]: session };
  history.replaceState(state, "", `${location.pathname}${location.search}${hash}`);
}

/** Returns the session of the current history entry, or null if there is none or it has ended. */
export function loadSession(): SavedSession | null {
  const saved = (history.state as { readonly [STATE_KEY]?: SavedSession } | null)?.[STATE_KEY];
  return saved === undefined || hasEnded(saved.id) ? null : saved;
}

/** Makes all history entries of a session invalid. */
export function markEnded(id: string): void {
  try {
    sessionStorage.setItem(ENDED_PREFIX + id, "");
  } catch {
    // Storage is disabled or full. Entries are still cleared when the user navigates to them in
    // this document.
  }
}

function hasEnded(id: string): boolean {
  try {
    return sessionStorage.getItem(ENDED_PREFIX + id) !== null;
  } catch {
    return false;
  }
}
