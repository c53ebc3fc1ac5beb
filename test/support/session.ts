import { expect } from "bun:test";
import { type Answer, clientOf, type Send } from "./client.ts";
import { ROOT_TOKEN } from "./server.ts";

/** A logged-in browser, as far as the server can tell. */
export interface LoggedIn {
  /** The `Cookie` header. */
  readonly cookie: string;
  /** The body of the login's response. */
  // biome-ignore lint/suspicious/noExplicitAny: the expectations of the test state the type
  readonly session: any;
  /** Sends a request with the cookie and the CSRF token. */
  readonly send: Send;
}

/** Returns the `name=value` part of a response's `Set-Cookie`. */
export function cookieOf({ headers }: Pick<Answer, "headers">): string {
  return headers.getSetCookie()[0]!.split(";")[0]!;
}

export async function logIn(url: string, token = ROOT_TOKEN): Promise<LoggedIn> {
  const answer = await clientOf(url)("POST", "/session", { token }, { token: null });
  expect(answer.status).toBe(201);
  return loggedIn(url, cookieOf(answer), answer.json);
}

// biome-ignore lint/suspicious/noExplicitAny: the expectations of the test state the type
export function loggedIn(url: string, cookie: string, session: any): LoggedIn {
  const send: Send = (method, path, body, { headers = {}, token = null } = {}) =>
    clientOf(url)(method, path, body, { token, headers: { cookie, "boathook-csrf": session.csrf, ...headers } });
  return { cookie, session, send };
}
