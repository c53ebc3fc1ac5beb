import type { CurrentSession, LoginOptions } from "../../src/api/types.ts";
import { ApiError, errorOf } from "../kit/client.ts";
import { call, checked, send } from "./api.ts";
import { rememberLoggedIn, wasLoggedIn } from "./early.ts";
import { addressedEnvironment, environmentLink } from "./environment.ts";
import { session, setLoggingOut, showLogin, showSession } from "./session.ts";

/** Opens and ends the session of the browser, and follows what other tabs do with it. */

/** Carries messages to the other tabs: that the session was opened, is being ended, or was ended. */
const tabs = new BroadcastChannel("boathook-session");
const ADDRESS_KEY = "boathook.return";

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
  tabs.addEventListener("message", ({ data }) => {
    if (data === "ending") setLoggingOut(true);
    else void checkSession().finally(() => setLoggingOut(false));
  });
  if (returnToAddress()) return;
  const reason = takeReason();
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
    open(await readSession(response));
  } catch (error) {
    // `call` has shown the login page after a 401.
    if (error instanceof ApiError && error.status === 401) return;
    if (error instanceof ApiError && error.status === 404 && addressedEnvironment !== null) {
      session.value = { state: "unknown-environment" };
      return;
    }
    session.value = { state: "unreachable", problem: (error as Error).message };
  }
}

/** Shows the page of a session, unless the address names an environment that is not the session's. */
function open(current: CurrentSession): void {
  const isOwn = [null, current.envName, current.envId].includes(addressedEnvironment);
  if (isOwn) showSession(current);
  else session.value = { state: "unknown-environment" };
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
  tabs.postMessage("opened");
  const opened = (await response.json()) as CurrentSession;
  // The response describes the session in its own environment.
  if (addressedEnvironment === null) showSession(opened);
  else await checkSession();
}

/** Ends the session in all tabs of the browser. */
export async function logOut(): Promise<void> {
  tabs.postMessage("ending");
  setLoggingOut(true);
  try {
    await call("DELETE", "/session");
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 401) {
      session.value = { state: "unreachable", problem: `You are still logged in. ${(error as Error).message}` };
      tabs.postMessage("opened");
      return;
    }
  } finally {
    setLoggingOut(false);
  }
  rememberLoggedIn(false);
  tabs.postMessage("ended");
  showLogin(null);
}

/** What the address bar showed before the login at the identity provider. */
interface KeptAddress {
  readonly environment: string | null;
  readonly hash: string;
}

/** Remembers the page for the return from the identity provider, which knows only the address of the first page. */
export function keepAddress(): void {
  const kept: KeptAddress = { environment: addressedEnvironment, hash: location.hash };
  try {
    sessionStorage.setItem(ADDRESS_KEY, JSON.stringify(kept));
  } catch {
    // The browser forbids storage, so the login leads to the first page.
  }
}

/** Returns to the remembered page. Returns true if the browser loads another document for this. */
function returnToAddress(): boolean {
  const kept = takeAddress();
  if (kept === null) return false;
  const { environment, hash } = kept;
  const isElsewhere = environment !== addressedEnvironment;
  // The user has chosen another address since.
  if (location.hash !== "" || (isElsewhere && addressedEnvironment !== null)) return false;
  if (!isElsewhere) {
    history.replaceState(null, "", `${location.search}${hash}`);
    return false;
  }
  // The reason of a failed login is kept.
  const target = new URL(environmentLink(environment, hash), location.href);
  for (const [name, value] of new URLSearchParams(location.search)) target.searchParams.set(name, value);
  location.replace(target);
  return true;
}

function takeAddress(): KeptAddress | null {
  try {
    const text = sessionStorage.getItem(ADDRESS_KEY);
    sessionStorage.removeItem(ADDRESS_KEY);
    return text === null ? null : (JSON.parse(text) as KeptAddress);
  } catch {
    return null;
  }
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
