/**
 * A session as it survives a reload: its token is saved in the state of the window's history
 * entries.
 *
 * It is not in `sessionStorage`, because any site may frame this page. Browsers that do not
 * partition storage by the framing site would then open the page with the token of a link that was
 * followed earlier in the same tab, and the user could be tricked into clicks. The history entries
 * of a frame are its own, so a framing site must already have the token.
 *
 * Only the current entry can be cleared. So when a session ends, its id is recorded in
 * `sessionStorage`, which lives as long as the entries do, and the other entries are ignored. The
 * id is not a secret.
 */
export interface SavedSession {
  /** Differs for each time that a link is followed, also for the same token. */
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
 * Saves a session in the current history entry, or clears the entry, and sets the fragment of the
 * URL.
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
