import type { Received } from "../core/received.ts";
import type { SignatureHeaders } from "../core/signature.ts";

type Header = readonly [name: string, value: string];

/** A received message, as far as its headers are concerned. */
export interface ReceivedContent {
  /** Null means that the sender stated none. */
  readonly contentType: string | null;
  /** The sender's headers, with names in lower case. */
  readonly headers: Readonly<Record<string, string>> | null;
}

/** What is the same in all deliveries of received messages to an endpoint. */
export interface ReceivedHeadersBase {
  /** The endpoint's own headers. They replace those of the sender. */
  readonly headers: readonly Header[];
  /** The names of `headers`, in lower case. */
  readonly names: ReadonlySet<string>;
  /** The user agent if neither the sender nor the endpoint states one. */
  readonly userAgent: string;
  /** The names of our headers, in lower case. A sender's header with such a name is renamed. */
  readonly ours: ReadonlySet<string>;
}

/**
 * Headers of the sender that are not passed on: those of the connection, the destination and the
 * framing, and the cookie, which belongs to this server's host. The content type is passed on
 * separately.
 */
const LEFT_OUT: ReadonlySet<string> = new Set([
  ...["host", "content-length", "content-type", "cookie", "accept-encoding", "expect"],
  ...["connection", "keep-alive", "proxy-connection", "proxy-authenticate", "proxy-authorization"],
  ...["te", "trailer", "transfer-encoding", "upgrade"],
]);

const OWN_PREFIX = "boathook-";
const SENDER_PREFIX = "boathook-sender-";

/** The headers that describe how a message was received. */
const DESCRIPTION: ReadonlySet<string> = new Set(
  ["source", "method", "path", "verification", "verification-cause"].map((name) => OWN_PREFIX + name),
);

const ofSignature = (prefix: string) => ["id", "timestamp", "signature"].map((name) => `${prefix}-${name}`);
const OURS: ReadonlySet<string> = new Set([...ofSignature("webhook"), "traceparent"]);
const OURS_WITH_SVIX: ReadonlySet<string> = new Set([...OURS, ...ofSignature("svix")]);

export function receivedHeadersBase(
  endpointHeaders: readonly Header[],
  userAgent: string,
  mode: SignatureHeaders,
): ReceivedHeadersBase {
  const headers = endpointHeaders.filter(([name]) => !DESCRIPTION.has(name.toLowerCase()));
  const names = new Set(headers.map(([name]) => name.toLowerCase()));
  return { headers, names, userAgent, ours: mode === "webhook" ? OURS : OURS_WITH_SVIX };
}

/**
 * Returns the headers of a delivery of a received message, without our signature. The sender's
 * headers are passed on. A sender's header with the name of one of ours is renamed, so that each of
 * our names occurs once. Headers that contained the secret of the source are left out.
 */
export function receivedHeaders(
  { contentType, headers }: ReceivedContent,
  received: Received,
  base: ReceivedHeadersBase,
): Header[] {
  const result: Header[] = [];
  const add = (name: string, value: string) => {
    if (!base.names.has(name)) result.push([name, value]);
  };
  if (contentType !== null) add("content-type", contentType);
  if (headers?.["user-agent"] === undefined) add("user-agent", base.userAgent);
  const isLeftOut = leftOut(headers, received);
  for (const name in headers) {
    if (!isLeftOut(name)) add(base.ours.has(name) ? SENDER_PREFIX + name : name, headers[name]!);
  }
  result.push(...base.headers, ...descriptionOf(received));
  return result;
}

function leftOut(headers: ReceivedContent["headers"], { redacted }: Received): (name: string) => boolean {
  const connection = headers?.connection;
  const ofConnection = connection === undefined ? null : namesIn(connection);
  return (name) =>
    LEFT_OUT.has(name) || name.startsWith(OWN_PREFIX) || redacted.includes(name) || ofConnection?.has(name) === true;
}

function namesIn(connection: string): ReadonlySet<string> {
  return new Set(connection.split(",").map((name) => name.trim().toLowerCase()));
}

function descriptionOf({ source, method, path, state, cause }: Received): Header[] {
  const headers: Header[] = [
    ["boathook-source", source],
    ["boathook-method", method],
    ["boathook-path", path],
    ["boathook-verification", state],
  ];
  if (state === "failed" && cause !== null) headers.push(["boathook-verification-cause", cause]);
  return headers;
}
