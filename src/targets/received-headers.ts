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
  /**
   * The names under which the sender's headers are passed on, by their own names; null for headers
   * that are not passed on. A sender uses the same few names in all its requests.
   */
  readonly passedOnAs: Map<string, string | null>;
}

/** Maximum number of names in `passedOnAs`. A hostile sender may use new names in each request. */
const NAMES_MAX = 500;

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
  return { headers, names, userAgent, ours: mode === "webhook" ? OURS : OURS_WITH_SVIX, passedOnAs: new Map() };
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
  if (contentType !== null && !base.names.has("content-type")) result.push(["content-type", contentType]);
  if (headers?.["user-agent"] === undefined && !base.names.has("user-agent")) {
    result.push(["user-agent", base.userAgent]);
  }
  const { redacted } = received;
  const connection = headers?.connection;
  const ofConnection = connection === undefined ? null : namesIn(connection);
  for (const name in headers) {
    const passedOn = passedOnAs(base, name);
    if (passedOn === null || ofConnection?.has(name) || (redacted.length > 0 && redacted.includes(name))) continue;
    result.push([passedOn, headers[name]!]);
  }
  for (const header of base.headers) result.push(header);
  addDescription(result, received);
  return result;
}

/** Returns the name under which a header of the sender is passed on, or null if it is left out. */
function passedOnAs(base: ReceivedHeadersBase, name: string): string | null {
  const { passedOnAs: known, ours, names } = base;
  let result = known.get(name);
  if (result !== undefined) return result;
  const passedOn = ours.has(name) ? SENDER_PREFIX + name : name;
  const isLeftOut = LEFT_OUT.has(name) || name.startsWith(OWN_PREFIX) || names.has(passedOn);
  result = isLeftOut ? null : passedOn;
  if (known.size >= NAMES_MAX) known.clear();
  known.set(name, result);
  return result;
}

function namesIn(connection: string): ReadonlySet<string> {
  return new Set(connection.split(",").map((name) => name.trim().toLowerCase()));
}

function addDescription(headers: Header[], { source, method, path, state, cause }: Received): void {
  headers.push(
    ["boathook-source", source],
    ["boathook-method", method],
    ["boathook-path", path],
    ["boathook-verification", state],
  );
  if (state === "failed" && cause !== null) headers.push(["boathook-verification-cause", cause]);
}
