/**
 * The way of a message through the product. Both parts change what the product does for every
 * message.
 */
export interface Path {
  /** Host in the endpoint URL. A name uses the resolver and its cache; an address does not. */
  readonly host: HostKind;
  /** Token of the sender. The product handles the root token differently from stored tokens. */
  readonly token: TokenKind;
}

export type HostKind = "address" | "named";
export type TokenKind = "root" | "token";
export type PathName = `${HostKind}/${TokenKind}`;

/** All paths, in the order in which they are measured. */
export const PATHS: Readonly<Record<PathName, Path>> = {
  "address/root": { host: "address", token: "root" },
  "address/token": { host: "address", token: "token" },
  "named/root": { host: "named", token: "root" },
  "named/token": { host: "named", token: "token" },
};

export const PATH_NAMES = Object.keys(PATHS) as PathName[];

/**
 * Resolved from the hosts file, or to loopback by definition (RFC 6761): no name server is asked.
 */
const HOST_NAME = "localhost";

/** Returns the URL of a receiver on 127.0.0.1 with the host of the path and no trailing slash. */
export function urlOn(receiverUrl: string, host: HostKind): string {
  if (host === "address") return receiverUrl;
  const url = new URL(receiverUrl);
  url.hostname = HOST_NAME;
  return url.origin;
}
