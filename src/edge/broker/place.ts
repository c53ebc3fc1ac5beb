import type { ClientTls } from "../../ports.ts";
import { tlsOptions, withoutBrackets } from "../tls-options.ts";

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

/** Returns the options of `node:tls` for a connection, or null for one without TLS. */
export function brokerTls({ serverName, tls }: BrokerPlace) {
  return serverName === null ? null : tlsOptions(serverName, tls);
}

/** Returns the name that a broker's certificate must have, or null if the connection has no TLS. */
export function serverNameOf({ hostname }: URL, isEncrypted: boolean): string | null {
  return isEncrypted ? withoutBrackets(hostname) : null;
}
