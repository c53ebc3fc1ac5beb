/** Where a connection leads, and how. Connections to targets with the same key are interchangeable. */
export interface ConnectionTarget {
  /** A literal IP without brackets. */
  readonly address: string;
  readonly port: number;
  /** Null for plain TCP. */
  readonly tls: TlsTarget | null;
  readonly key: string;
}

export interface TlsTarget {
  /** For SNI and the check of the certificate: a name without a dot at its end (RFC 6066, 3), or a literal IP. */
  readonly serverName: string;
  /** The authorities to trust, as PEM; null means those of the system and of `NODE_EXTRA_CA_CERTS`. */
  readonly ca: string | null;
}

/** What all requests to one URL at one address have in common. */
export interface Destination {
  readonly target: ConnectionTarget;
  /** The request line and the `Host` header, with their line ends. */
  readonly headStart: string;
}

/** Derives destinations from URLs, once for each URL object. */
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

function targetOf(url: URL, address: string, ca: string | null): ConnectionTarget {
  const isSecure = url.protocol === "https:";
  const port = url.port === "" ? (isSecure ? 443 : 80) : Number(url.port);
  const tls = isSecure ? { serverName: withoutBrackets(url.hostname).replace(/\.$/, ""), ca } : null;
  // The name counts: a connection that was verified for one name is not used for another.
  return { address, port, tls, key: `${address} ${port} ${tls?.serverName ?? ""}` };
}

function headStart(url: URL): string {
  return `POST ${url.pathname}${url.search} HTTP/1.1\r\nHost: ${url.host}\r\n`;
}

/** URLs write IPv6 addresses in brackets. */
function withoutBrackets(host: string): string {
  return host.startsWith("[") ? host.slice(1, -1) : host;
}
