import { connectOrder } from "../../core/connect-order.ts";
import type { ClientTls, OutgoingRequest } from "../../ports.ts";
import { withoutBrackets } from "../tls-options.ts";
import type { EgressProxy } from "./proxy.ts";

/** A target of connections. Connections whose targets have the same key are interchangeable. */
export interface ConnectionTarget {
  /** An IP address without brackets. */
  readonly address: string;
  readonly port: number;
  /** Null for plain TCP. */
  readonly tls: TlsTarget | null;
  /** The proxy through which the connection is opened, or null. */
  readonly proxy: EgressProxy | null;
  readonly key: string;
}

export interface TlsTarget {
  /**
   * The name for SNI and verification: a host name without a trailing dot (RFC 6066, 3) or an IP
   * address.
   */
  readonly serverName: string;
  /**
   * PEM texts: the certificates to trust, by default those of the system and of
   * `NODE_EXTRA_CA_CERTS`, and the client's certificate and key.
   */
  readonly options: { readonly ca?: string; readonly cert?: string; readonly key?: string };
}

/** The data that all requests to one URL and the same addresses share. */
export interface Destination {
  /** The addresses as given. */
  readonly addresses: readonly string[];
  readonly tls: ClientTls | null;
  readonly isLocal: boolean;
  readonly ipv4: readonly ConnectionTarget[];
  readonly ipv6: readonly ConnectionTarget[];
  /** All targets, in the given order. */
  readonly targets: readonly ConnectionTarget[];
  /** Incremented by each request that can choose between targets. */
  turn: number;
  /** The request line and the `Host` header, including line ends. */
  readonly headStart: string;
}

/** Computes destinations, once for each URL object and list of addresses. */
export class Destinations {
  readonly #known = new WeakMap<URL, Destination>();

  constructor(
    private readonly ca: string | null,
    private readonly proxy: EgressProxy | null,
  ) {}

  of({ url, addresses, tls = null, isLocal = false }: OutgoingRequest): Destination {
    const known = this.#known.get(url);
    if (known?.tls === tls && known.isLocal === isLocal && isSameList(known.addresses, addresses)) return known;
    const targets = addresses.map((address) => this.#targetOf(url, withoutBrackets(address), tls, isLocal));
    const [ipv6, ipv4] = [targets.filter(isIpv6), targets.filter((target) => !isIpv6(target))];
    const turn = known?.turn ?? Math.floor(Math.random() * targets.length);
    const destination = { addresses, tls, isLocal, ipv4, ipv6, targets, turn, headStart: headStart(url) };
    this.#known.set(url, destination);
    return destination;
  }

  /**
   * Returns the target for a URL and one of its addresses. A connection is used for one name only:
   * TLS has verified only this name, and a proxy in front of several names may route a whole
   * connection to the destination of its first request.
   */
  #targetOf(url: URL, address: string, own: ClientTls | null, isLocal: boolean): ConnectionTarget {
    const isSecure = url.protocol === "https:";
    const port = url.port === "" ? (isSecure ? 443 : 80) : Number(url.port);
    const name = withoutBrackets(url.hostname).replace(/\.$/, "");
    const tls = isSecure ? { serverName: name, options: tlsOptions(own, this.ca) } : null;
    const key = `${url.protocol} ${address} ${port} ${name}${own === null ? "" : ` ${own.id}`}`;
    return { address, port, tls, proxy: isLocal ? null : this.proxy, key };
  }
}

/**
 * Returns the targets in the order in which a request tries them. The order rotates from call to
 * call.
 */
export function routeOf(destination: Destination): readonly ConnectionTarget[] {
  if (destination.targets.length === 1) return destination.targets;
  return connectOrder(destination.ipv4, destination.ipv6, destination.turn++);
}

function isIpv6({ address }: ConnectionTarget): boolean {
  return address.includes(":");
}

function isSameList(one: readonly string[], other: readonly string[]): boolean {
  return one === other || (one.length === other.length && one.every((item, i) => item === other[i]));
}

function tlsOptions(own: ClientTls | null, clientCa: string | null): TlsTarget["options"] {
  const ca = own?.ca ?? clientCa;
  const identity = own?.identity ?? null;
  return {
    ...(ca !== null && { ca }),
    ...(identity !== null && { cert: identity.certificate, key: identity.key }),
  };
}

function headStart(url: URL): string {
  return `POST ${requestTarget(url)} HTTP/1.1\r\nHost: ${url.host}\r\n`;
}

/**
 * Returns path and query. `search` cannot be used, because it does not distinguish an empty query
 * from a missing one.
 */
function requestTarget({ href, pathname, search }: URL): string {
  const hasEmptyQuery = search === "" && href.split("#", 1)[0]!.endsWith("?");
  return pathname + (hasEmptyQuery ? "?" : search);
}
