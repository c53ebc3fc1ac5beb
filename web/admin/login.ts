import type { CurrentSession, LoginOptions } from "../../src/api/types.ts";
import { ApiError, errorOf } from "../kit/client.ts";
import { call, checked, send } from "./api.ts";
import { rememberLoggedIn, wasLoggedIn } from "./early.ts";
import { session, showLogin, showSession } from "./session.ts";

/** Opens and ends the session of the browser, and follows what other tabs do with it. */

/** Tells the other tabs that the session was opened or ended. */
const tabs = new BroadcastChannel("boathook-session");
const ADDRESS_KEY = "boathook.address";

const NOT_ACCEPTED = "This token is not valid. It may be mistyped, expired or revoked.";

/** Sentences for the reasons with which the server sends the browser to `/ui/?login=<reason>`. */
const REASONS: Readonly<Record<string, string>> = {
  denied: "The identity provider refused the login, or it was cancelled.",
  expired: "The login took too long, or another login has replaced it. Try again.",
  state_mismatch: "This login was not started in this browser, or another login has replaced it. Try again.",
  not_admin: "You are logged in at the identity provider, but you are not listed in the setting oidc-admins.",
  email_not_verified:
    "The identity provider has not verified your e-mail address, or does not say so with the claim email_verified.",
  clock: "The clocks of this server and of the identity provider differ. Correct the clock of the server.",
  provider_unavailable: "The identity provider does not respond. Try again, or log in with a token.",
  failed: "The login at the identity provider failed. The log of the server has the details.",
};

let options: LoginOptions = { oidc: null, hasSession: false };

/** Returns the ways to log in, as of the latest check. */
export const loginOptions = () => options;

/** Shows the page that the browser is logged in for, or the login page. */
export async function startSession(): Promise<void> {
  tabs.addEventListener("message", () => void checkSession());
  const reason = takeReason();
  restoreAddress();
  await checkSession(reason);
}

/** Asks the server whether the browser is logged in. `reason` says why it might not be. */
export async function checkSession(reason: string | null = null): Promise<void> {
  try {
    const response = wasLoggedIn() ? send("GET", "/session") : null;
    response?.catch(() => {});
    options = (await (await call("GET", "/login-options")).json()) as LoginOptions;
    rememberLoggedIn(options.hasSession);
    if (!options.hasSession) return showLogin(reason);
    showSession(await readSession(response));
  } catch (error) {
    // `call` has shown the login page after a 401.
    if (error instanceof ApiError && error.status === 401) return;
    session.value = { state: "unreachable", problem: (error as Error).message };
  }
}

/** `early` is the response to a request that has been sent already, or null. */
async function readSession(early: Promise<Response> | null): Promise<CurrentSession> {
  return (await (await checked(early ?? send("GET", "/session"))).json()) as CurrentSession;
}

/** Exchanges a token for a session. Rejects with a message for the user. */
export async function logIn(token: string): Promise<void> {
  const response = await send("POST", "/session", { body: JSON.stringify({ token }) });
  if (response.status === 401) throw new ApiError(401, NOT_ACCEPTED);
  if (!response.ok) throw await errorOf(response);
  rememberLoggedIn(true);
  showSession((await response.json()) as CurrentSession);
  tabs.postMessage("opened");
}

/** Ends the session in all tabs of the browser. */
export async function logOut(): Promise<void> {
  try {
    await call("DELETE", "/session");
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 401) {
      session.value = { state: "unreachable", problem: `You are still logged in. ${(error as Error).message}` };
      return;
    }
  }
  rememberLoggedIn(false);
  tabs.postMessage("ended");
  showLogin(null);
}

/** Remembers the page for the return from the identity provider, which knows only the address of the first page. */
export function keepAddress(): void {
  sessionStorage.setItem(ADDRESS_KEY, location.hash);
}

function restoreAddress(): void {
  const hash = sessionStorage.getItem(ADDRESS_KEY);
  if (hash === null) return;
  sessionStorage.removeItem(ADDRESS_KEY);
  if (location.hash === "") history.replaceState(null, "", hash);
}

/** Returns the sentence for the reason in the address, and removes the reason from the address. */
function takeReason(): string | null {
  const search = new URLSearchParams(location.search);
  const reason = search.get("login");
  if (reason === null) return null;
  search.delete("login");
  const rest = search.toString();
  history.replaceState(null, "", `${location.pathname}${rest === "" ? "" : `?${rest}`}${location.hash}`);
  return Object.hasOwn(REASONS, reason) ? REASONS[reason]! : REASONS.failed!;
}
