import { authOf, type EndpointAuth, isAuthProblem } from "../core/endpoint-auth.ts";
import { invalid } from "../core/problem.ts";
import type { Endpoint } from "../store/index.ts";

type Sent = Readonly<Record<string, unknown>>;

/**
 * Returns what a request means by `auth`, with stored secrets in the places of marks. Throws 422 if
 * a field is missing or invalid.
 */
export function meantAuth(sent: EndpointAuth | null, before: EndpointAuth | null): EndpointAuth | null {
  if (sent === before || sent === null) return sent;
  const auth = authOf(sent as unknown as Sent, before);
  if (isAuthProblem(auth)) throw invalid(["body", "auth", ...(auth.field === null ? [] : [auth.field])], auth.msg);
  return auth;
}

type Authorizing = Pick<Endpoint, "auth" | "headers" | "url">;

/**
 * Throws 422 if an endpoint would authenticate in two ways. `loc` names what differs from `before`,
 * which is null for a new endpoint.
 */
export function refuseTwoAuthorizations(after: Authorizing, before: Authorizing | null): void {
  if (after.auth === null) return;
  const hasHeader = Object.keys(after.headers).some((name) => name.toLowerCase() === "authorization");
  const { username, password } = new URL(after.url);
  if (!hasHeader && username === "" && password === "") return;
  const other = hasHeader ? "the header `authorization`" : "the user in the URL";
  const isAuthOld = before !== null && before.auth === after.auth;
  const field = !isAuthOld ? "auth" : hasHeader ? "headers" : "url";
  throw invalid(["body", field], `\`auth\` and ${other} exclude each other. Remove one of them.`);
}
