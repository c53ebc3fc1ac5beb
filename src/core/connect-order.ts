/** Maximum number of addresses that one attempt connects to. */
export const connectAddressesMax = 6;
/** Maximum time for one address if others follow, in ms. */
const shareMsMax = 5000;

/**
 * Returns the order in which an attempt connects to the addresses of a name. IPv4 and IPv6 alternate
 * (RFC 8305, 4), so that a broken family costs one address at most. Each family begins `turn`
 * addresses further on, so that successive attempts spread over its addresses. IPv4 comes first
 * because name servers also return IPv6 addresses to machines without IPv6.
 */
export function connectOrder<T>(ipv4: readonly T[], ipv6: readonly T[], turn: number): T[] {
  const order: T[] = [];
  for (let i = 0; i < Math.max(ipv4.length, ipv6.length); i++) {
    if (i < ipv4.length) order.push(ipv4[(turn + i) % ipv4.length]!);
    if (i < ipv6.length) order.push(ipv6[(turn + i) % ipv6.length]!);
  }
  return order;
}

/**
 * Returns the time limit for connecting to one of `count` addresses that is not the last, in ms. All
 * of these together take at most half of the attempt's time; the last one may use the rest.
 */
export function connectShareMs(timeoutMs: number, count: number): number {
  return Math.min(shareMsMax, timeoutMs / 2 / Math.max(1, count - 1));
}
