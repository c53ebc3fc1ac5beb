import { isIP } from "node:net";
import type { ClientTls } from "../../ports.ts";

/** A broker and its addresses. */
export interface BrokerAddresses {
  /** The URL with its password. */
  readonly url: URL;
  /** IP addresses that have passed the address policy. */
  readonly addresses: readonly string[];
  readonly tls: ClientTls | null;
}

/** One address of a broker. */
export interface BrokerPlace {
  /** An IP address that has passed the address policy. */
  readonly address: string;
  /** The name that the broker's certificate must have. Null means a connection without TLS. */
  readonly serverName: string | null;
  /** Trust and identity for a connection with TLS. Null means the certificates of the system. */
  readonly tls: ClientTls | null;
}

/** Returns the name that a broker's certificate must have, or null if the connection has no TLS. */
export function serverNameOf({ hostname }: URL, isEncrypted: boolean): string | null {
  return isEncrypted ? withoutBrackets(hostname) : null;
}

/** Returns the address from the host of a URL, in which IPv6 addresses have brackets. */
export function withoutBrackets(host: string): string {
  return host.replace(/^\[|\]$/g, "");
}

/** Returns the options of `node:tls` for a connection. */
export function tlsOptions({ serverName, tls }: BrokerPlace) {
  if (serverName === null) return null;
  const { ca = null, identity = null } = tls ?? {};
  return {
    // TLS has names only. A certificate for an IP address is checked against the address of the connection.
    ...(isIP(serverName) === 0 && { servername: serverName }),
    rejectUnauthorized: true,
    ...(ca !== null && { ca }),
    ...(identity !== null && { cert: identity.certificate, key: identity.key }),
  };
}
