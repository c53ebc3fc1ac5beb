import { isIP } from "node:net";
import type { ClientTls } from "../ports.ts";

/**
 * Returns the options of `node:tls` for a connection to a server whose certificate must have this name:
 * a host name, or an IP address without brackets.
 */
export function tlsOptions(serverName: string, tls: ClientTls | null) {
  const { ca = null, identity = null } = tls ?? {};
  return {
    // SNI has no IP addresses. `node:tls` checks a certificate for one against the host of the connection.
    ...(isIP(serverName) === 0 && { servername: serverName }),
    rejectUnauthorized: true,
    ...(ca !== null && { ca }),
    ...(identity !== null && { cert: identity.certificate, key: identity.key }),
  };
}

/** Returns the host of a URL as a name or an address. In URLs, IPv6 addresses have brackets. */
export function withoutBrackets(host: string): string {
  return host.startsWith("[") ? host.slice(1, -1) : host;
}
