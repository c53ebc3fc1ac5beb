import ipaddr from "ipaddr.js";

/**
 * Decides which IP addresses deliveries may connect to: public addresses and the subnets that the
 * operator allows. Any other address may belong to an internal service that trusts every client
 * that can reach it.
 */

type Address = ipaddr.IPv4 | ipaddr.IPv6;

/** A CIDR range, as returned by `parseSubnet`. */
export interface Subnet {
  readonly base: Address;
  /** Number of significant leading bits: 0 to 32 for IPv4, 0 to 128 for IPv6. */
  readonly bits: number;
}

/**
 * IPv4 ranges that are not public (IANA special-purpose registry), and one Azure address that only
 * looks public.
 */
const refusedV4 = subnets([
  "0.0.0.0/8", // this network
  "10.0.0.0/8", // private
  "100.64.0.0/10", // carrier-grade NAT
  "127.0.0.0/8", // loopback
  "168.63.129.16/32", // Azure platform services, reachable only from inside Azure machines
  "169.254.0.0/16", // link-local, including the metadata services of cloud providers
  "172.16.0.0/12", // private
  "192.0.0.0/24", // protocol assignments
  "192.0.2.0/24", // documentation
  "192.88.99.0/24", // 6to4 relays
  "192.168.0.0/16", // private
  "198.18.0.0/15", // benchmarking
  "198.51.100.0/24", // documentation
  "203.0.113.0/24", // documentation
  "224.0.0.0/4", // multicast
  "240.0.0.0/4", // reserved and broadcast
]);

/**
 * The only IPv6 block that is allocated for public use. The addresses outside it include loopback,
 * link-local, site-local and unique local addresses (including the metadata address fd00:ec2::254),
 * multicast, discard (100::/64), segment routing (5f00::/16), translated IPv4 (64:ff9b::/96,
 * 64:ff9b:1::/48) and IPv4-compatible addresses.
 */
const globalV6 = subnets(["2000::/3"]);

/** Ranges inside `globalV6` that are not public. */
const refusedV6 = subnets([
  "2001::/23", // protocol assignments: Teredo, benchmarking, ORCHID
  "2001:db8::/32", // documentation
  "2002::/16", // 6to4: embeds an IPv4 address that is reached through a relay
  "3fff::/20", // documentation
]);

function subnets(texts: readonly string[]): readonly Subnet[] {
  return texts.map((text) => parseSubnet(text)!);
}

/**
 * Parses a CIDR range (`10.0.0.0/8`, `fd00::/8`) or a single address. Returns null for anything
 * else.
 */
export function parseSubnet(cidr: string): Subnet | null {
  const [addressText = "", bitsText, ...rest] = cidr.split("/");
  const address = parseAddress(addressText);
  if (address === null || rest.length > 0) return null;
  const bitsMax = address.kind() === "ipv4" ? 32 : 128;
  const bits = Number(bitsText ?? bitsMax);
  if ((bitsText !== undefined && !/^\d{1,3}$/.test(bitsText)) || bits > bitsMax) return null;
  // An IPv4-mapped range is stored as the IPv4 range, because mapped addresses are checked as IPv4.
  const base = bits >= 96 ? unmapped(address) : address;
  return { base, bits: base === address ? bits : bits - 96 };
}

/**
 * Returns whether the address is publicly routable. Returns false for text that is not an IP
 * address.
 */
export function isPublicAddress(ip: string): boolean {
  const address = parseAddress(ip);
  return address !== null && isPublic(unmapped(address));
}

/**
 * Returns whether deliveries may connect to the address: it is public or in an allowed subnet.
 * Returns false for text that is not an IP address.
 */
export function addressAllowed(ip: string, allow: readonly Subnet[]): boolean {
  const parsed = parseAddress(ip);
  if (parsed === null) return false;
  const address = unmapped(parsed);
  return isPublic(address) || isInAny(address, allow);
}

/** Returns whether the text is an IP address in this range. */
export function addressIsIn(ip: string, range: Subnet): boolean {
  const parsed = parseAddress(ip);
  return parsed !== null && isInAny(unmapped(parsed), [range]);
}

/**
 * Returns the usual text of an IP address, of IPv4 if it is an IPv4-mapped one. Returns null for
 * text that is not an IP address.
 */
export function normalAddress(ip: string): string | null {
  const parsed = parseAddress(ip);
  if (parsed === null) return null;
  const address = unmapped(parsed);
  return address.kind() === "ipv4" ? address.toString() : (address as ipaddr.IPv6).toRFC5952String();
}

/**
 * Returns the IP address in a `URL.hostname`, without IPv6 brackets. Returns null if the host is a
 * name.
 */
export function literalAddress(urlHostname: string): string | null {
  if (urlHostname.startsWith("[") && urlHostname.endsWith("]")) return urlHostname.slice(1, -1);
  return ipaddr.IPv4.isValidFourPartDecimal(urlHostname) ? urlHostname : null;
}

function isPublic(address: Address): boolean {
  if (address.kind() === "ipv4") return !isInAny(address, refusedV4);
  return isInAny(address, globalV6) && !isInAny(address, refusedV6);
}

function isInAny(address: Address, ranges: readonly Subnet[]): boolean {
  for (const { base, bits } of ranges) {
    if (base.kind() === address.kind() && address.match(base, bits)) return true;
  }
  return false;
}

/**
 * Parses an address strictly. Rejects IPv6 zones and the octal, hexadecimal and short forms of
 * IPv4, because other parsers read them differently.
 */
function parseAddress(text: string): Address | null {
  if (!text.includes(":")) return ipaddr.IPv4.isValidFourPartDecimal(text) ? ipaddr.IPv4.parse(text) : null;
  const plain = text.includes(".") ? withoutDots(text) : text;
  return plain !== null && !plain.includes("%") && ipaddr.IPv6.isValid(plain) ? ipaddr.IPv6.parse(plain) : null;
}

/**
 * Rewrites `::ffff:1.2.3.4` as `::ffff:102:304`. Without this, the library would mistake
 * `::1.2.3.4` for an IPv4-mapped address.
 */
function withoutDots(text: string): string | null {
  const tailAt = text.lastIndexOf(":") + 1;
  const tail = text.slice(tailAt);
  if (!ipaddr.IPv4.isValidFourPartDecimal(tail)) return null;
  const [a = 0, b = 0, c = 0, d = 0] = ipaddr.IPv4.parse(tail).octets;
  return `${text.slice(0, tailAt)}${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
}

/**
 * Returns the IPv4 address embedded in an IPv4-mapped IPv6 address (::ffff:a.b.c.d), or the address
 * unchanged. The system connects to the embedded address.
 */
function unmapped(address: Address): Address {
  if (address.kind() === "ipv4") return address;
  const v6 = address as ipaddr.IPv6;
  return v6.isIPv4MappedAddress() ? v6.toIPv4Address() : v6;
}
