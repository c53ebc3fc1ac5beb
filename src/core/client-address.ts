import { addressIsIn, normalAddress, type Subnet } from "./address.ts";

/** The addresses of trusted proxies, or `unix` for all clients of the Unix socket. */
export type TrustedProxy = Subnet | "unix";

/** Maximum number of proxies in a row. Further entries of the header are not read. */
const PROXIES_MAX = 32;

/**
 * Returns the address of the client that sent a request. `peer` is the other end of the connection,
 * or an empty text for a Unix socket. If the peer is a trusted proxy, the last entry of
 * `X-Forwarded-For` is the address that connected to it, and so on to the left for as long as the
 * entries are trusted proxies. Entries further left may come from the client and are not read. If an
 * entry is malformed, the proxy that wrote it is the last known address.
 */
export function clientAddress(peer: string, forwardedFor: string | null, trusted: readonly TrustedProxy[]): string {
  if (forwardedFor === null || !isTrusted(peer, trusted)) return peer;
  let known = peer;
  let end = forwardedFor.length;
  for (let proxies = 0; end >= 0 && proxies < PROXIES_MAX; proxies++) {
    const comma = end === 0 ? -1 : forwardedFor.lastIndexOf(",", end - 1);
    const address = addressIn(forwardedFor.slice(comma + 1, end));
    if (address === null) return known;
    known = address;
    if (!isTrusted(address, trusted)) return known;
    end = comma;
  }
  return known;
}

function isTrusted(address: string, trusted: readonly TrustedProxy[]): boolean {
  return trusted.some((one) => (one === "unix" ? address === "" : addressIsIn(address, one)));
}

/** Returns the address in an entry, without brackets and port, or null if the entry is malformed. */
function addressIn(entry: string): string | null {
  const text = entry.trim();
  const { v4, v6 } = /^(?:(?<v4>[\d.]+)(?::\d{1,5})?|\[(?<v6>[^\]]*)\](?::\d{1,5})?)$/.exec(text)?.groups ?? {};
  return normalAddress(v4 ?? v6 ?? text);
}
