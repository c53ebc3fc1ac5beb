/** Checks of how deliveries authenticate at an endpoint and verify it. */
import { authOf, type EndpointAuth, isAuthProblem } from "../core/endpoint-auth.ts";
import { urlScheme } from "../core/endpoint-url/index.ts";
import { certificatesProblem } from "../core/pem.ts";
import { type Invalid, invalid } from "../core/problem.ts";
import type { Endpoint } from "../store/index.ts";

type Sent = Readonly<Record<string, unknown>>;

/** The fields of an endpoint that these checks concern. */
export type Outgoing = Pick<Endpoint, "auth" | "tls" | "headers" | "url" | "batch" | "payloadMode">;

/**
 * Returns what a request means by `auth` and `tls`, with stored secrets in the places of marks.
 * `before` is null for a new endpoint. Throws 422 if a field is missing or invalid, or if the fields
 * exclude each other.
 */
export function meantOutgoing(sent: Outgoing, before: Outgoing | null, nowMs: number): Pick<Endpoint, "auth" | "tls"> {
  const auth = meantAuth(sent.auth, before?.auth ?? null, nowMs);
  const tls = meantTls(sent.tls, before?.tls ?? null, nowMs);
  const meant = { ...sent, auth, tls };
  refuseUnsupported(meant, before);
  refuseContradictions(meant, before);
  return { auth, tls };
}

function meantAuth(sent: EndpointAuth | null, before: EndpointAuth | null, nowMs: number): EndpointAuth | null {
  if (sent === before || sent === null) return sent;
  const auth = authOf(sent as unknown as Sent, before, nowMs);
  if (isAuthProblem(auth)) throw invalid(["body", "auth", ...(auth.field === null ? [] : [auth.field])], auth.msg);
  return auth;
}

function meantTls(sent: Endpoint["tls"], before: Endpoint["tls"], nowMs: number): Endpoint["tls"] {
  if (sent === before) return before;
  // Clients that have no way to leave out the object send null as its field.
  if (sent === null || sent.ca === null) return null;
  if (sent.ca === before?.ca) return before;
  const problem = certificatesProblem(sent.ca, nowMs);
  if (problem !== null) throw invalid(["body", "tls", "ca"], problem);
  return { ca: sent.ca };
}

/** Throws 422 if the endpoint has a setting that the protocol of its URL does not support. */
function refuseUnsupported(after: Outgoing, before: Outgoing | null): void {
  const url = new URL(after.url);
  const unsupported = urlScheme(url.protocol)?.unsupported(after, url) ?? null;
  if (unsupported === null) return;
  const { field, msg } = unsupported;
  // A new URL is the cause if the setting was there before.
  throw invalid(["body", before !== null && before[field] === after[field] ? "url" : field], msg);
}

function refuseContradictions(after: Outgoing, before: Outgoing | null): void {
  const { auth, tls } = after;
  if (auth === null) return;
  const isNew = before?.auth !== auth;
  const refused = (field: string, msg: string): Invalid => invalid(["body", ...(isNew ? ["auth"] : [field])], msg);
  const url = new URL(after.url);
  // A client certificate is not sent as `authorization`, so it can be combined with a user.
  const isSent = auth.type !== "mtls";
  if (isSent && Object.keys(after.headers).some((name) => name.toLowerCase() === "authorization")) {
    throw refused("headers", "`auth` and the header `authorization` exclude each other. Remove one of them.");
  }
  if (isSent && (url.username !== "" || url.password !== "")) {
    throw refused("url", "`auth` and a user in the URL exclude each other. Remove one of them.");
  }
  if (auth.type === "mtls" && auth.ca !== undefined && tls !== null) {
    throw refused("tls", "`auth.ca` and `tls.ca` exclude each other. Remove one of them.");
  }
}
