/**
 * The destination of a connection. Connections whose targets have the same key are interchangeable.
 */
export interface ConnectionTarget {
  /** A literal IP without brackets. */
  readonly address: string;
  readonly port: number;
  /** Null for plain TCP. */
  readonly tls: TlsTarget | null;
  readonly key: string;
}

export interface TlsTarget {
  /**
   * Name for SNI and verification: a host name without a trailing dot (RFC 6066, 3) or a literal
   * IP.
   */
  readonly serverName: string;
  /** PEM certificates to trust; null uses the system's and those in `NODE_EXTRA_CA_CERTS`. */
  readonly ca: string | null;
}

/** The parts that all requests to one URL at one address share. */
export interface Destination {
  readonly target: ConnectionTarget;
  /** The request line and the `Host` header, with line ends. */
  readonly headStart: string;
}

/** Computes destinations, once per URL object. */
export class Destinations {
  readonly #known = new WeakMap<URL, Destination>();

  constructor(private readonly ca: string | null) {}

  of(url: URL, address: string): Destination {
    const host = withoutBrackets(address);
    const known = this.#known.get(url);
    if (known?.target.address === host) return known;
    const destination = { target: targetOf(url, host, this.ca), headStart: headStart(url) };
    this.#known.set(url, destination);
    return destination;
  }
}

/**
 * A connection is used for one name only. TLS has verified only this name, and a proxy in front of
 * several names may route a whole connection to the destination of its first request.
 */
function targetOf(url: URL, address: string, ca: string | null): ConnectionTarget {
  const isSecure = url.protocol === "https:";
  const port = url.port === "" ? (isSecure ? 443 : 80) : Number(url.port);
  const name = withoutBrackets(url.hostname).replace(/\.$/, "");
  const tls = isSecure ? { serverName: name, ca } : null;
  return { address, port, tls, key: `${url.protocol} ${address} ${port} ${name}` };
}

function headStart(url: URL): string {
  return `POST ${requestTarget(url)} HTTP/1.1\r\nHost: ${url.host}\r\n`;
}

/** Returns path and query. `search` does not distinguish an empty query from a missing one. */
function requestTarget({ href, pathname, search }: URL): string {
  const hasEmptyQuery = search === "" && href.split("#", 1)[0]!.endsWith("?");
  return pathname + (hasEmptyQuery ? "?" : search);
}

/** Removes the brackets in which URLs write IPv6 addresses. */
function withoutBrackets(host: string): string {
  return host.startsWith("[") ? host.slice(1, -1) : host;
}
