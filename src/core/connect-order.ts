/** Maximum number of addresses that one attempt connects to. */
export const connectAddressesMax = 6;
/** Maximum time for connecting to any address but the last, in ms. */
const shareMsMax = 5000;

/**
 * Returns the order in which an attempt connects to the addresses of a name. IPv4 and IPv6
 * alternate (RFC 8305, 4), so that a broken family costs at most one address. `turn` is the index
 * of the first address in each family; it spreads successive attempts over the addresses. IPv4
 * comes first, because name servers return IPv6 addresses even to machines without IPv6.
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
 * Returns the time limit for connecting to each of `count` addresses except the last, in ms.
 * Together, these connections take at most half of the attempt's time; the last one may use the
 * rest.
 */
export function connectShareMs(timeoutMs: number, count: number): number {
  return Math.min(shareMsMax, timeoutMs / 2 / Math.max(1, count - 1));
}
