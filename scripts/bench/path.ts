/**
 * A case in which the product is measured. Both properties change what the product does for each
 * message.
 */
export interface Path {
  /**
   * Kind of host in the endpoint URL. A name uses the resolver and its cache; an address does not.
   */
  readonly host: HostKind;
  /**
   * Kind of token that the sender uses. The product handles the root token differently from stored
   * tokens.
   */
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
 * Resolved from the hosts file, or as loopback by definition (RFC 6761), so no name server is
 * queried.
 */
const HOST_NAME = "localhost";

/**
 * Returns the URL, without a trailing slash, of a receiver on 127.0.0.1. `host` selects how the URL
 * names the host.
 */
export function urlOn(receiverUrl: string, host: HostKind): string {
  if (host === "address") return receiverUrl;
  const url = new URL(receiverUrl);
  url.hostname = HOST_NAME;
  return url.origin;
}
