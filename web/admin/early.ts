import { BASE } from "../kit/base.ts";
import { environmentHeaders } from "./environment.ts";

/**
 * The requests without which nothing can be shown. This module is a small file of its own, which the
 * browser runs while it still reads the program, so that the responses and the program arrive
 * together. It must not import what has state or is large: the program would contain it again.
 */

const LOGGED_IN_KEY = "boathook.loggedIn";

/** Returns whether this browser was logged in last. The session may have ended since. */
export function wasLoggedIn(): boolean {
  try {
    return localStorage.getItem(LOGGED_IN_KEY) !== null;
  } catch {
    // The browser forbids storage.
    return false;
  }
}

export function rememberLoggedIn(isLoggedIn: boolean): void {
  try {
    if (isLoggedIn) localStorage.setItem(LOGGED_IN_KEY, "");
    else localStorage.removeItem(LOGGED_IN_KEY);
  } catch {
    // Without storage the session is requested a little later.
  }
}

const started = new Map<string, Promise<Response>>();

function start(path: string): void {
  const headers = { ...environmentHeaders(), accept: "application/json" };
  const response = fetch(`${BASE}/api/v1${path}`, { headers, cache: "no-store" });
  // Whoever takes the response handles the failure.
  response.catch(() => {});
  started.set(path, response);
}

start("/login-options");
if (wasLoggedIn()) start("/session");

/** Returns the response to an early request once, and null afterwards. It rejects like `fetch`. */
export function takeEarly(method: string, path: string): Promise<Response> | null {
  const response = (method === "GET" && started.get(path)) || null;
  started.delete(path);
  return response;
}
