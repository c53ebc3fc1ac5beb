/**
 * What is kept of a session beyond this document: its token, in the state of this window's history entries, so that a
 * reload finds it again. Not in `sessionStorage`: any site may frame this page, and browsers that do not part storage by
 * the site around a frame would open it there with the token of a link that was followed before in the same tab, ready
 * to be clicked on unawares. The entries of a frame are its own: whoever frames the page has to bring the token, and who
 * has it needs no clicks of others.
 *
 * Only the entry that is shown can be cleared. So that the others open nothing once their session has ended, its id is
 * noted in `sessionStorage`, which is as long-lived as they are. The id is no secret.
 */
export interface Kept {
  /** Another one whenever a link is followed, also for the same token. */
  readonly id: string;
  readonly token: string;
}

const KEPT = "boathookPortalSession";
const ENDED = "boathookPortalEnded:";

const ID_BYTES = 16;

/** Not by `randomUUID`, which is missing where the page is not served over HTTPS. */
export function newId(): string {
  return crypto.getRandomValues(new Uint8Array(ID_BYTES)).join("-");
}

/** Puts it into the entry of the page that is shown, in place of whatever the address had behind its `#`. */
export function keep(kept: Kept | null, hash: string): void {
  const state = kept === null ? null : { [KEPT]: kept };
  history.replaceState(state, "", `${location.pathname}${location.search}${hash}`);
}

/** What the entry that is shown holds; null when that is nothing, or of a session that has ended. */
export function findKept(): Kept | null {
  const kept = (history.state as { readonly [KEPT]?: Kept } | null)?.[KEPT];
  return kept === undefined || hasEnded(kept.id) ? null : kept;
}

/** The entries of this session open nothing from now on. */
export function noteEnded(id: string): void {
  try {
    sessionStorage.setItem(ENDED + id, "");
  } catch {
    // Storage is refused or full. Entries are still cleared as they are come back to in this document.
  }
}

function hasEnded(id: string): boolean {
  try {
    return sessionStorage.getItem(ENDED + id) !== null;
  } catch {
    return false;
  }
}
