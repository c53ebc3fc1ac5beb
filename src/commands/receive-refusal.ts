import type { Accepted } from "../accept/accept.ts";
import type { Cause, DoorReply, LogCause } from "../core/received.ts";
import { count } from "../door/count.ts";
import type { SourceEntry } from "../door/source-directory.ts";
import type { Handshake, Receiver } from "../receive/receiver.ts";
import type { ReceiveParts } from "./receive-parts.ts";

type StoredMessage = Extract<Accepted, { readonly accepted: true }>;

/** A request at the door, without its body. */
export interface DoorRequest {
  /** In upper case. */
  readonly method: string;
  /** The path after the token, with its percent escapes; empty if there is none. */
  readonly suffix: string;
  /** The query with its question mark, with its percent escapes; empty if there is none. */
  readonly query: string;
  /** The names are in lower case. Repeated values are joined with `, `. */
  readonly headers: Readonly<Record<string, string>>;
  /** Time of `Tracer.now` at which the request began. Undefined if no spans are recorded. */
  readonly begunAt?: number | undefined;
  /** Returns the address of the sender. */
  readonly address: () => string;
  /** Called with the message if the request becomes one. */
  readonly onStored?: (message: StoredMessage) => void;
}

export interface Refusal {
  readonly cause: LogCause;
  readonly reply: DoorReply;
}

/** Logs and counts a request that is refused, and returns the response. */
export async function refuse(
  parts: ReceiveParts,
  entry: SourceEntry,
  request: DoorRequest,
  body: Uint8Array,
  { cause, reply }: Refusal,
): Promise<DoorReply> {
  await logRequest(parts, entry, request, body, { cause, status: reply.status });
  // Whoever learns of the count and reads the log finds the request there.
  count(parts, entry, cause === "rate_limited" ? "limited" : "refused");
  return reply;
}

/** Adds a request to the log of its source, unless too many have been logged lately. */
export async function logRequest(
  { refusalLog, facts }: ReceiveParts,
  { source, receiver }: SourceEntry,
  request: DoorRequest,
  body: Uint8Array,
  { cause, status }: { readonly cause: LogCause; readonly status: number },
): Promise<void> {
  const { method } = request;
  const sourceSeq = source.seq;
  const address = request.address();
  const { headers } = withoutSecrets(request.headers, receiver.secretHeaders);
  const path = pathOf(request);
  const isLogged = await refusalLog.add({ sourceSeq, status, cause, method, path, address, headers, body });
  if (isLogged) facts.state({ type: "source.refused", sourceSeq, cause, status, method, address });
}

/** Returns suffix and query, as in a request to a server of one's own. */
export function pathOf({ suffix, query }: Pick<DoorRequest, "suffix" | "query">): string {
  return (suffix === "" ? "/" : suffix) + query;
}

const REDACTED = "[redacted]";

/** Hides the values of headers that contain the secret of a source. */
export function withoutSecrets(
  headers: Readonly<Record<string, string>>,
  secretNames: readonly string[],
): { readonly headers: Readonly<Record<string, string>>; readonly redacted: readonly string[] } {
  const redacted = secretNames.filter((name) => Object.hasOwn(headers, name));
  if (redacted.length === 0) return { headers, redacted };
  return { headers: { ...headers, ...Object.fromEntries(redacted.map((name) => [name, REDACTED])) }, redacted };
}

/** Returns the headers of a request without the values that are this secret. */
export function withoutSecret(headers: DoorRequest["headers"], secret: string): DoorRequest["headers"] {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, value === secret ? REDACTED : value]),
  );
}

export function methodNotAllowed(methods: ReadonlySet<string>): Refusal {
  const allow = [...methods].sort().join(", ");
  const detail = `Method not allowed; use ${allow}.`;
  return { cause: "method_not_allowed", reply: problem(405, "method_not_allowed", detail, { allow }) };
}

/** The response itself is the problem that the body's reader has thrown. */
export function payloadTooLarge(): Refusal {
  return { cause: "payload_too_large", reply: problem(413, "payload_too_large", "The body is too large.") };
}

export function rateLimited(waitMs: number): Refusal {
  const seconds = Math.max(1, Math.ceil(waitMs / 1000));
  const detail = "The source has received too many requests. Try again later.";
  return { cause: "rate_limited", reply: problem(429, "rate_limited", detail, { "retry-after": String(seconds) }) };
}

/**
 * The cause is for the operator only. A refused handshake may have a response of its own, and so
 * may the provider.
 */
export function notVerified(cause: Cause, { refusal }: Receiver, handshake: Handshake | null): Refusal {
  const isRefusal = handshake?.refused !== undefined && handshake.reply.status >= 400;
  if (isRefusal) return { cause, reply: handshake.reply };
  return { cause, reply: refusal ?? problem(401, "not_verified", "The request could not be verified.") };
}

function problem(status: number, code: string, detail: string, headers: DoorReply["headers"] = {}): DoorReply {
  return {
    status,
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify({ code, detail }),
  };
}
